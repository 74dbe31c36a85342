"""Draw the picture of the README from simulated data: ``python docs/make_overview.py``."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from mne.filter import filter_data
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_neurofuse import config_context
from sklearn_neurofuse.compose import make_modality_transformer
from sklearn_neurofuse.datasets import make_multimodal_classification, simulate_eeg_fmri
from sklearn_neurofuse.eeg import GradientArtifactRemover, PulseArtifactRemover
from sklearn_neurofuse.fmri import MotionCorrector, SliceTimingCorrector, motion_affines
from sklearn_neurofuse.model_selection import RepeatedStratifiedGroupKFold, compare

PICTURE = Path(__file__).parent / "_static" / "overview.png"
GREY, BLUE, RED = "0.6", "#2c6fa6", "#b5432f"


def simulate():
    """One person in the scanner for two minutes."""
    return simulate_eeg_fmri(
        n_subjects=1,
        n_volumes=60,
        volume_shape=(48, 48, 24),
        n_channels=16,
        sfreq=1000,
        eeg={"bad_channels": False, "ocular": False, "muscle": False},
        motion={"drift": 1.0, "jerk": 0.5, "jerk_rate": 2.0},
        scan={"keep_dummies": False, "n_dummy": 2},
        random_state=0,
    )


def draw_eeg(axes, data):
    """EEG as it was recorded, and as it is after two steps beside what was planted."""
    recorded = data.X["eeg"]
    cleaned = PulseArtifactRemover().fit_transform(
        GradientArtifactRemover().fit_transform(recorded)
    )
    channel, shown = recorded.load(0).ch_names.index("Pz"), slice(20_000, 22_000)
    before, after = (one.load(0).get_data()[channel] for one in (recorded, cleaned))
    planted = data.truth.runs[0].eeg.brain()[channel].astype(float)
    times = np.arange(2000) / 1000
    axes[0].plot(times, 1e3 * before[shown], color=RED, linewidth=0.7)
    axes[0].set(title="EEG, recorded in the scanner", ylabel="Pz (mV)", xticklabels=[])
    for name, values, style in (
        ("planted", planted, {"color": GREY, "linewidth": 3}),
        ("cleaned", after, {"color": BLUE, "linewidth": 1}),
    ):
        values = filter_data(values, 1000, 1, 40, verbose="error")
        axes[1].plot(times, 1e6 * values[shown], label=name, **style)
    axes[1].set(title="the same, cleaned (1 to 40 Hz)", ylabel="Pz (µV)", xlabel="time (s)")
    axes[1].margins(y=0.3)
    axes[1].legend(ncols=2, frameon=False, loc="upper right")


def draw_motion(ax, data):
    """Where a point of the head went, as planted and as realignment found it."""
    X = SliceTimingCorrector().fit_transform(data.X["fmri"])
    corrected = MotionCorrector().fit_transform(X).load(0)
    point = (0.0, 60.0, 0.0, 1.0)
    for affines, style in (
        (data.truth.runs[0].poses, {"color": GREY, "linewidth": 3}),
        (motion_affines(corrected), {"color": BLUE, "linewidth": 1}),
    ):
        path = (affines @ np.linalg.inv(affines[0]) @ point)[:, :3]
        lines = ax.plot(path - path[0], **style)
        lines[0].set_label("found" if style["linewidth"] == 1 else "planted")
    ax.set(title="head motion in x, y, z", xlabel="volume", ylabel="place of a point (mm)")
    ax.legend(frameon=False)


def draw_comparison(ax):
    """A model of both modalities against each alone, with whole people held out."""
    data = make_multimodal_classification(
        240, regime="both", bayes_accuracy=0.9, n_subjects=24, volume_shape=(10, 12, 10),
        n_channels=12, n_times=60, sfreq=100.0, random_state=0,
    )  # fmt: skip
    few = make_pipeline(StandardScaler(), PCA(20, random_state=0))
    each = make_modality_transformer(fmri=few, eeg=few)
    model = make_pipeline(each, StandardScaler(), LogisticRegression(C=0.1))
    cv = RepeatedStratifiedGroupKFold(4, n_repeats=3, random_state=0)
    found = compare(
        {"fusion": model}, data.X, data.target, groups=data.groups, cv=cv, random_state=0
    )
    shown = found.figures.query("metric == 'roc_auc'").set_index("model")
    names = {"linear fmri": "fMRI alone", "linear eeg": "EEG alone", "fusion": "both, fused"}
    shown = shown.loc[list(names)]
    for row, (low, estimate, high) in enumerate(shown[["low", "estimate", "high"]].to_numpy()):
        colour = BLUE if row == 2 else GREY
        ax.plot([low, high], [row, row], color=colour, linewidth=3)
        ax.plot(estimate, row, "o", color=colour)
    ax.axvline(0.5, color="k", linestyle=":", linewidth=1)
    ax.set(yticks=range(3), yticklabels=names.values(), ylim=(-0.6, 2.6), xlim=(0.45, 1))
    ax.set(title="people not seen before", xlabel="ROC AUC, 95 % interval")


def main():
    """Draw and write the picture."""
    plt.rcParams.update({"font.size": 8, "axes.titlesize": 9, "axes.spines.top": False})
    plt.rcParams.update({"axes.spines.right": False})
    figure, axes = plt.subplot_mosaic(
        [["before", "motion", "people"], ["after", "motion", "people"]],
        figsize=(10, 3), width_ratios=(1.5, 1, 1), layout="constrained",
    )  # fmt: skip
    data = simulate()
    with config_context(cache_dir=None):
        draw_eeg((axes["before"], axes["after"]), data)
        draw_motion(axes["motion"], data)
    draw_comparison(axes["people"])
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=130)


if __name__ == "__main__":
    main()
