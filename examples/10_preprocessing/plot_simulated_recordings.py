"""
What an EEG looks like that was recorded in a scanner
=====================================================

Before any method is tried on recordings whose truth nobody knows, it should work where everything
is known. This example simulates a person who looks at faces and houses in the scanner, takes the
recordings apart into what was planted, and asks how far an artefact stands above the brain.
"""

# %%
# One person, two minutes
# -----------------------
# The result is what a loader of real recordings gives (X, target, groups, events), and the truth.
import matplotlib.pyplot as plt
import numpy as np

from sklearn_neurofuse.datasets import simulate_eeg_fmri

data = simulate_eeg_fmri(1, n_volumes=60, volume_shape=(48, 48, 24), random_state=5)
truth = data.truth.runs[0]
raw, bold = data.X["eeg"].load(0), data.X["fmri"].load(0)
print(data.X["eeg"])
print(data.truth.bayes_accuracy[["eeg", "fmri", "both"]].round(2).to_string(index=False))

# %%
# From the recording down to the brain
# ------------------------------------
# The gradients of the scanner induce millivolts. Without them the heartbeat shows, and blinks; what
# is of the brain is smaller again. Each part is known, and the parts sum to the recording.
start, stop = 4.0, 14.0
inside = slice(int(start * raw.info["sfreq"]), int(stop * raw.info["sfreq"]))
times = raw.times[inside]
parts = {name: truth.eeg[name] for name in ("gradient", "pulse", "ocular", "background", "alpha")}
recorded = raw.get_data()
steps = {
    "recorded": recorded,
    "without the gradients": recorded - parts["gradient"],
    "of the brain": truth.eeg.brain(),
}
channels = ["Fp1", "Cz", "T8", "Oz", "ECG"]
rows = [truth.eeg_names.index(name) for name in channels]
figure, axes = plt.subplots(1, 3, figsize=(10, 4), sharex=True, layout="constrained")
for ax, (title, values), gap in zip(axes, steps.items(), (8e-3, 400e-6, 80e-6), strict=True):
    for place, row in enumerate(rows):
        line = values[row, inside] / (5 if channels[place] == "ECG" else 1)
        ax.plot(times, line - np.median(line) - place * gap, linewidth=0.6, color=f"C{place}")
    ax.set(title=f"{title} ({gap * 1e6:.0f} µV apart)", xlabel="s", ylim=(-4.9 * gap, 0.9 * gap))
    ax.set_yticks(-gap * np.arange(len(rows)), [*channels[:-1], "ECG / 5"])
    for beat in truth.heartbeats["onset"]:
        ax.axvline(beat, color="0.85", linewidth=0.6, zorder=0)
    ax.set_xlim(start, stop)

# %%
# Where each part stands in the spectrum
# --------------------------------------
# Gradients stand at multiples of the slice frequency, here 12 Hz, the heart below 10 Hz; both hide
# the brain by orders of magnitude.
figure, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for name, part in parts.items():
    epochs = part[:32, 8000:100_000].reshape(32, -1, 4000) * np.hanning(4000)
    power = (np.abs(np.fft.rfft(epochs)) ** 2).mean(axis=(0, 1)) / (375 * raw.info["sfreq"] * 4)
    freqs = np.fft.rfftfreq(4000, 1 / raw.info["sfreq"])
    shown = (freqs > 0.4) & (freqs < 100)
    ax.loglog(freqs[shown], 1e12 * power[shown], label=name, linewidth=0.9)
ax.set(xlabel="Hz", ylabel="µV² / Hz", ylim=(1e-5, None))
ax.legend(ncols=2)

# %%
# The images
# ----------
# Where the brain answers, in the image that the scanner measures of it, and one of these regions
# over time: what was planted, and what is left of it in the recording.
figure, axes = plt.subplots(1, 3, figsize=(10, 3.4), layout="constrained")
mean = bold.img.get_fdata()[..., 5:].mean(axis=3)
for ax, name in zip(axes, ("fusiform", "alpha"), strict=False):
    region = np.abs(truth.maps[name].get_fdata())
    slice_ = region.max(axis=(0, 1)).argmax()
    ax.imshow(mean[:, :, slice_].T, origin="lower", cmap="gray")
    weight = np.ma.masked_less(region[:, :, slice_] / region.max(), 0.2)
    ax.imshow(weight.T, origin="lower", cmap="autumn", alpha=0.6)
    ax.set(title=f"{name}, {truth.peaks[name]:.1f} s after its cause", xticks=[], yticks=[])
region = truth.maps["fusiform"].get_fdata()
series = np.einsum("xyz,xyzt->t", region**2, bold.img.get_fdata())
volume_times = np.arange(60) * bold.t_r
courses = truth.courses.query("0 < time < 120")
planted = courses["fusiform"] * (region**3).sum() / (region**2).sum()
axes[2].plot(volume_times, 100 * (series / np.median(series) - 1), ".-", label="recorded")
axes[2].plot(courses["time"], planted - planted.median(), label="planted")
axes[2].set(xlabel="s", ylabel="% signal", ylim=(-4, 4), title="fusiform")
axes[2].legend()

# %%
# Nothing there
# -------------
# A chain that finds the class where there is none is broken. ``class_signal=0`` leaves everything
# as it was but the class, and ``controls`` plant what should not count: here a blink at every other
# face.
null = simulate_eeg_fmri(
    1,
    n_volumes=60,
    volume_shape=(16, 16, 8),
    n_channels=8,
    sfreq=250.0,
    class_signal=0.0,
    controls={"blink_by_class": 0.5},
    random_state=5,
)
print(null.truth.bayes_accuracy[["eeg", "fmri"]].to_string(index=False))
blinks = null.truth.runs[0].blinks
onsets = null.events["eeg"][0].query("trial_type != 'button'")
near = [np.any(np.abs(blinks - onset - 0.4) < 0.4) for onset in onsets["onset"]]
print(onsets.assign(blink=near).groupby("trial_type")["blink"].mean().round(2).to_string())
