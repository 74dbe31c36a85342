"""What `neurofuse demo` does, over many seeds, against what was planted.

Six people in the scanner as in the demonstration, raw, through its steps: is the fused model better
than either modality, with the interval of the mean difference over seeds (Student's t), and how
near the cleaned recordings come to what was planted. NEUROFUSE_SEEDS says how many seeds, 10 by
default; two minutes each.

fused - eeg, fused - fmri
    Difference of ROC AUC, out of fold over three folds of people. Wanted: an interval above 0.
eeg, ours and MNE
    Median over good channels and people of the correlation with the planted EEG between .5 and
    30 Hz in average reference, blinks not being part of it; and the share of the way from raw to
    planted, one minus the ratio of the errors. Wanted: .9, and not below MNE's chain by hand
    (gradient, filter, PCA-OBS, bad channels by LOF, ICA with the EOG channel, reference). MNE
    leaves the first and last volumes as they are; "way inside" is without five at each end.
motion, mm and motion of the worst, mm
    Mean distance over brain and volumes between the estimated and the planted movement, its mean
    over people and its largest. Wanted: .05, of the worst too. A volume is measured over two
    seconds in which the head breathes, and has one estimate; planted is the mean over its slices.
motion at mid-volume, mm
    The same against where the head is in the middle of the volume, from which the mean over the
    slices is apart by the breath.
group peak, mm and group peak of pseudo-t, mm
    From the peak of the group's map of face minus house to the nearest planted source, its mean
    over seeds and beside it the largest. Wanted: 8. The variance of six people is so uncertain that
    t peaks where it happens to be small; pseudo-t smooths the variance by 8 mm (Nichols and Holmes
    2002, doi:10.1002/hbm.1058).
"""

import os
import tempfile
from types import SimpleNamespace

import mne
import numpy as np
from nibabel.affines import apply_affine
from nilearn.image import index_img, smooth_img
from scipy import stats
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline

from sklearn_neurofuse import config_context
from sklearn_neurofuse.cli._chains import make_chain, read_config
from sklearn_neurofuse.cli._demo import SIMULATION, write_config
from sklearn_neurofuse.datasets import load_bids, simulate_eeg_fmri
from sklearn_neurofuse.fmri import MotionCorrector, SliceTimingCorrector, motion_affines
from sklearn_neurofuse.neural_network import FusionClassifier

VARIANCE_FWHM = 8.0
BAND, SFREQ = (0.5, 30.0), 125.0
SIZE = {"n_subjects": 6, **SIMULATION}
SMALL = {"n_subjects": 3, "n_volumes": 40, "volume_shape": (16, 16, 10), "n_channels": 8}


def study(seed, folder, smoke):
    """Simulate a study as BIDS, load it, and make the steps of the demonstration."""
    made = simulate_eeg_fmri(
        **SIZE | (SMALL if smoke else {}), write_bids=f"{folder}/bids", random_state=seed
    )
    data = load_bids(f"{folder}/bids", "faces", classes=["house", "face"])
    write_config(f"{folder}/pipeline.toml")
    chain, _ = make_chain(read_config(f"{folder}/pipeline.toml"), data.X)
    return SimpleNamespace(data=data, truth=made.truth, chain=chain)


def aucs(arrays, data):
    """Give the mean ROC AUC over folds of people of the fused and of the single models."""
    models = {"fused": ("fmri", "eeg"), "eeg": ("eeg",), "fmri": ("fmri",)}
    y, groups, found = data.target, data.groups, {name: [] for name in models}
    for train, test in GroupKFold(3).split(y, groups=groups):
        for name, modalities in models.items():
            X, network = arrays.select(modalities), FusionClassifier(random_state=0)
            network.fit(X[train], y[train], groups=groups[train])
            found[name].append(roc_auc_score(y[test], network.predict_proba(X[test])[:, 1]))
    return {name: float(np.mean(each)) for name, each in found.items()}


def as_compared(raw, names):
    """Bring a recording to what is compared: band, rate, average reference."""
    raw = raw.copy().pick(names).resample(SFREQ, verbose="error")
    raw.filter(*BAND, verbose="error")
    return raw.set_eeg_reference("average", projection=False, verbose="error").get_data()


def by_hand(raw):
    """Clean with MNE alone; filtered before PCA-OBS, which drifts would take up."""
    points = mne.events_from_annotations(raw, regexp=".*R128", verbose="error")[0][:, 0]
    points = points[points + np.diff(points).max() < raw.n_times]
    clean = mne.preprocessing.remove_fmri_gradient_artifact(raw, points, tr_tol=3, verbose="error")
    beats = mne.preprocessing.find_ecg_events(clean, verbose="error")[0][:, 0] - clean.first_samp
    beats = beats / clean.info["sfreq"]
    eeg = clean.copy().pick("eeg").ch_names
    clean = clean.resample(SFREQ, verbose="error").filter(*BAND, verbose="error")
    clean = mne.preprocessing.apply_pca_obs(
        clean, eeg, qrs_times=beats, n_components=4, verbose="error"
    )
    clean.info["bads"] = mne.preprocessing.find_bad_channels_lof(
        clean, n_neighbors=min(20, len(eeg) - 2), verbose="error"
    )
    clean.interpolate_bads(verbose="error")
    ica = mne.preprocessing.ICA(0.99, random_state=0, max_iter=500, verbose="error")
    ica.fit(clean.copy().filter(1.0, None, verbose="error"), verbose="error")
    ica.exclude = ica.find_bads_eog(clean, verbose="error")[0]
    return ica.apply(clean, verbose="error")


def first_trials(made):
    """Give the first trial of each recording, of which each person has one."""
    return np.unique(made.data.groups, return_index=True)[1]


def of_eeg(made):
    """Give correlation with the planted EEG and share of the way, median over people."""
    branch = dict(made.chain.transformers)["eeg"]
    cleaned = branch[:-1].transform(made.data.X["eeg"])
    rows = []
    for row, run in zip(first_trials(made), made.truth.runs, strict=True):
        raw = made.data.X["eeg"].load(row).load_data(verbose="error")
        bad = set(run.bad_channels)
        names = [n for n in run.eeg_names if n in raw.ch_names and n not in bad]
        names = [n for n in names if raw.get_channel_types([n]) == ["eeg"]]
        info = mne.create_info(list(run.eeg_names), raw.info["sfreq"], "eeg")
        planted = mne.io.RawArray(run.eeg.brain(), info, verbose="error")
        truth, start = as_compared(planted, names), as_compared(raw, names)
        inside = inner(raw)
        for who, found in (("ours", cleaned.load(row)), ("MNE", by_hand(raw))):
            found = as_compared(found, names)
            whole = nearness(found, start, truth)
            way = nearness(found[:, inside], start[:, inside], truth[:, inside])["way"]
            rows.append({"who": who, **whole, "way inside": way})
    return rows


def inner(raw, n_volumes=5):
    """Give the sample points that are not of the first and last volumes."""
    marks = mne.events_from_annotations(raw, regexp=".*R128", verbose="error")[0][:, 0]
    times = (marks - raw.first_samp) / raw.info["sfreq"]
    return slice(round(times[n_volumes] * SFREQ), round(times[-n_volumes] * SFREQ))


def nearness(found, start, truth):
    """Compare recordings channel by channel."""
    n = min(found.shape[1], truth.shape[1])
    found, start, truth = found[:, :n], start[:, :n], truth[:, :n]
    each = [np.corrcoef(a, b)[0, 1] for a, b in zip(found, truth, strict=True)]
    way = 1 - np.std(found - truth, axis=1) / np.std(start - truth, axis=1)
    return {"correlation": float(np.median(each)), "way": float(np.median(way))}


def of_motion(made):
    """Give the distances in mm of estimated movement from the mean over slices and mid-volume."""
    steps = make_pipeline(SliceTimingCorrector(), MotionCorrector())
    moved = steps.transform(made.data.X["fmri"])
    for row, run in zip(first_trials(made), made.truth.runs, strict=True):
        found = np.linalg.inv(motion_affines(moved.load(row)))
        mask = run.brain_mask
        points = apply_affine(mask.affine, np.argwhere(mask.get_fdata() > 0)[::50])
        # dummies are left out of the run; turns are small, so that matrices may be averaged
        planted = np.asarray(run.slice_poses)[-len(found) :].mean(axis=1)
        yield distance(found @ planted, points), distance(found @ run.poses[-len(found) :], points)


def distance(relative, points):
    """Give how far points move, on average, by what is left of a movement."""
    places = np.array([apply_affine(one, points) for one in relative])
    return float(np.linalg.norm(places - np.median(places, axis=0), axis=2).mean())


def of_peak(arrays, made):
    """Give the distances in mm from the group's peaks, t and pseudo-t, to the nearest source."""
    block, y, groups = arrays["fmri"], made.data.target, made.data.groups
    differences = [
        np.nanmean(block.data[(groups == who) & (y == 1)], axis=0)
        - np.nanmean(block.data[(groups == who) & (y == 0)], axis=0)
        for who in np.unique(groups)
    ]
    mean, error = image_of(block, np.mean(differences, axis=0)), stats.sem(differences)
    mask = image_of(block, np.ones_like(error))
    smooth = [
        smooth_img(image, VARIANCE_FWHM).get_fdata() for image in (image_of(block, error**2), mask)
    ]
    sources = np.concatenate([run.sources[["x", "y", "z"]] for run in made.truth.runs])
    for variance in (image_of(block, error**2).get_fdata(), smooth[0] / smooth[1]):
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where(mask.get_fdata() > 0, np.abs(mean.get_fdata()) / np.sqrt(variance), 0.0)
        peak = apply_affine(mean.affine, np.unravel_index(np.nan_to_num(t).argmax(), t.shape))
        yield float(np.linalg.norm(sources - peak, axis=1).min())


def image_of(block, values):
    """Put values on the grid of a block, nothing where there are none."""
    return index_img(block.space.to_nifti(np.nan_to_num(values)[None]), 0)


def one_seed(seed, smoke):
    """Give all figures of one study."""
    with tempfile.TemporaryDirectory() as folder, config_context(cache_dir=f"{folder}/cache"):
        made = study(seed, folder, smoke)
        arrays = made.chain.fit_transform(made.data.X)
        found = aucs(arrays, made.data)
        rows = of_eeg(made)
        for who in ("ours", "MNE"):
            for what in ("correlation", "way", "way inside"):
                values = [row[what] for row in rows if row["who"] == who]
                found[f"eeg {what}, {who}"] = float(np.median(values))
        motion, middle = zip(*of_motion(made), strict=True)
        found["motion, mm"] = float(np.mean(motion))
        found["motion of the worst, mm"] = float(np.max(motion))
        found["motion at mid-volume, mm"] = float(np.mean(middle))
        found["group peak, mm"], found["group peak of pseudo-t, mm"] = of_peak(arrays, made)
    return found


def run(smoke):
    """Yield the figures."""
    n_seeds = 1 if smoke else int(os.environ.get("NEUROFUSE_SEEDS", "10"))
    table = {seed: one_seed(seed, smoke) for seed in range(n_seeds)}
    for name in next(iter(table.values())):
        values = [found[name] for found in table.values()]
        yield {"name": name, **of_mean(values), "largest": float(np.max(values))}
    for other in ("eeg", "fmri"):
        gains = [found["fused"] - found[other] for found in table.values()]
        row = {
            "name": f"fused - {other}",
            **of_mean(gains),
            "won": int(np.sum(np.array(gains) > 0)),
        }
        yield row


def of_mean(values):
    """Give a mean over seeds with its 95 % interval."""
    half = np.nan
    if len(values) > 1:
        half = stats.sem(values) * stats.t.ppf(0.975, len(values) - 1)
    mean = float(np.mean(values))
    return {"value": mean, "low": mean - half, "high": mean + half, "seeds": len(values)}
