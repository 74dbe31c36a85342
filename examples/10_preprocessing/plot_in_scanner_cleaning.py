"""
What is left of EEG from inside a scanner?
==========================================

The imaging gradients bury EEG under millivolts, the heartbeat under tens of microvolts more. In a
simulated recording the EEG below is known, so each step of cleaning can be held against it.
"""

# %%
# A recording with everything in it
# ---------------------------------
# The clocks of scanner and amplifier differ, the head moves, the heart beats. At the left the
# scanner has not begun.
import matplotlib.pyplot as plt
import numpy as np

from sklearn_neurofuse import config_context
from sklearn_neurofuse.datasets import simulate_eeg_fmri
from sklearn_neurofuse.eeg import GradientArtifactRemover, PulseArtifactRemover
from sklearn_neurofuse.plotting import plot_artifact_spectrum

data = simulate_eeg_fmri(
    n_subjects=1,
    n_volumes=60,
    volume_shape=(16, 16, 20),
    n_channels=16,
    sfreq=1000,
    eeg={"bad_channels": False, "ocular": False, "muscle": False},
    random_state=0,
)
recorded = data.X["eeg"]
parts = data.truth.runs[0].eeg
clean = parts.brain()[:16]

# %%
# Two steps
# ---------
# Gradients first, then the pulse; markers of volumes are read from the annotations.
with config_context(cache_dir=None):
    first = GradientArtifactRemover().fit_transform(recorded)
    second = PulseArtifactRemover().fit_transform(first)
    raws = {
        "recorded": recorded.load(0),
        "without gradients": first.load(0),
        "without pulse": second.load(0),
    }
    quality = first.quality(0)["GradientArtifactRemover"]
for name in ("n_volumes", "n_slice_groups", "n_courses", "residual_at_slices"):
    print(name, quality[name])

stages = {name: raw.get_data()[:16] for name, raw in raws.items()}
stages["EEG as planted"] = clean
times = np.arange(clean.shape[1]) / 1000
shown = slice(3_000, 13_000)
figure, axes = plt.subplots(4, 1, figsize=(8, 6), sharex=True, layout="constrained")
for ax, (name, values) in zip(axes, stages.items(), strict=True):
    ax.plot(times[shown], 1e6 * values[raws["recorded"].ch_names.index("Pz"), shown], linewidth=0.6)
    ax.set(title=name, ylabel="Pz (µV)")
axes[-1].set(xlabel="time (s)")

# %%
# Spectra
# -------
# Slices, ten in a second, leave lines at their harmonics. What is cleaned has neither lines nor
# notches there.
plot_artifact_spectrum(raws, t_r=2.0, n_slices=20)

# %%
# The answer
# ----------
# Correlation with what was planted, channel by channel, between 1 and 30 Hz.
freqs = np.fft.rfftfreq(clean.shape[1], 1e-3)
band = (freqs >= 1) & (freqs <= 30)


def correlation(one, two):
    one, two = (np.fft.rfft(values)[band] for values in (one, two))
    return np.vdot(one, two).real / np.sqrt(np.vdot(one, one).real * np.vdot(two, two).real)


for name, values in stages.items():
    scores = [correlation(one, two) for one, two in zip(values, clean, strict=True)]
    print(f"{name:20s} median r = {np.median(scores):.3f}")
# %%
# The gradients are gone but for what lies below the EEG. Heartbeats are never the same twice, and
# turning the head induces a voltage of its own: what is left is theirs.
