"""The estimators of `fmri` for `tests/contract.py`."""

import nibabel as nib
import numpy as np

from sklearn_neurofuse import Recordings
from sklearn_neurofuse.fmri import (
    ConfoundRegressor,
    MotionCorrector,
    ParcelConnectome,
    RunMap,
    SliceTimingCorrector,
    SpatialSmoother,
    TemplateNormalizer,
    TrialBetas,
    VolumeWindow,
)
from tests.contract import Case
from tests.fmri.phantom import Head, grid_affine, moved_run, moved_volume, movement
from tests.fmri.runs import as_run, motion_table, table
from tests.recordings.samples import make_bold_trials
from tests.samples import AFFINE

_MASK = np.zeros((6, 5, 4), dtype=np.uint8)
_MASK[1:4, 1:4, 1:3] = 1


def make_moved_heads(seed):
    """Make short runs of small heads that move, one to a sample."""
    rng = np.random.default_rng(seed)
    shape = (12, 14, 10)
    affine = grid_affine(shape, (11.0, 11.0, 12.0))
    runs = [
        moved_run(
            [np.eye(4), *(movement(*rng.normal(size=(2, 3))) for _ in range(3))],
            shape=shape,
            affine=affine,
            tsnr=100.0,
            seed=seed,
        )
        for _ in range(9)
    ]
    X = Recordings(runs, subject=[f"{i:02d}" for i in range(len(runs))])
    return X, np.resize([0, 1], len(runs))


def make_runs(seed):
    """Make short runs of noise with motion and events, one to a sample."""
    rng = np.random.default_rng(seed)
    runs = []
    for number in range(9):
        motion = motion_table(40, seed=number).assign(
            framewise_displacement=np.arange(40) % 9 / 8.0, csf=rng.normal(size=40)
        )
        data = 500 + 5 * rng.standard_normal((6, 5, 4, 40)).cumsum(axis=3)
        runs.append(as_run(data, affine=AFFINE, confounds=motion))
    events = [table(np.linspace(6.0, 50.0, 8))] * 9
    X = Recordings(runs, events, samples="recording", subject=np.repeat(["a", "b", "c"], 3))
    return X, np.resize([0, 1], 9)


def make_small_heads(seed):
    """Make runs of two volumes of a small head that lies a little elsewhere in each."""
    rng = np.random.default_rng(seed)
    runs = []
    for _ in range(5):
        place = movement(rng.normal(size=3), rng.normal(size=3))
        volume = moved_volume(_SMALL, place, _SMALL_AFFINE, _SMALL_SHAPE)
        volumes = volume[..., None] + rng.normal(scale=5.0, size=(*_SMALL_SHAPE, 2))
        # a T1-weighted image of the same person, which shows the brain in another contrast
        anatomical = nib.Nifti1Image((1500.0 * (volume > 500) - volume).clip(0), _SMALL_AFFINE)
        runs.append(as_run(volumes, affine=_SMALL_AFFINE).replace(anatomical=anatomical))
    return Recordings(runs), np.resize([0, 1], len(runs))


_SMALL = Head(radii=(16.0, 19.0, 15.0))
_SMALL_SHAPE, _SMALL_AFFINE = (12, 13, 11), grid_affine((12, 13, 11), (4.0, 4.0, 4.0))
_STILL = moved_volume(_SMALL, np.eye(4), _SMALL_AFFINE, _SMALL_SHAPE)
_TEMPLATE = nib.Nifti1Image(np.where(_STILL > 500, _STILL, 0).astype(np.float32), _SMALL_AFFINE)
_OTHER_TEMPLATE = nib.Nifti1Image(np.asarray(_TEMPLATE.dataobj)[::-1].copy(), _SMALL_AFFINE)
_SMALLER = nib.Nifti1Image((_STILL > 900).astype(np.uint8), _SMALL_AFFINE)
_ATLAS = nib.Nifti1Image(np.repeat([1, 2, 3], 40).reshape(6, 5, 4).astype(np.uint8), AFFINE)
_OTHER_ATLAS = nib.Nifti1Image(np.tile([1, 2, 3, 0], 30).reshape(6, 5, 4).astype(np.uint8), AFFINE)

CASES = [
    Case(
        estimator=ConfoundRegressor(),
        make=make_runs,
        other={
            "motion": 12,
            "compcor": 1,
            "noise_mask": nib.Nifti1Image(_MASK, AFFINE),
            "global_signal": True,
            "high_pass": 0.02,
            "low_pass": 0.1,
            "scrub": 0.9,
            "columns": ("csf",),
        },
        unseen={"noise_mask": "only with compcor"},
    ),
    Case(
        estimator=ParcelConnectome(_ATLAS),
        make=make_runs,
        other={
            "atlas": _OTHER_ATLAS,
            "kind": "partial correlation",
            "labels": ("left", "middle", "right"),
            "networks": ("a", "a", "b"),
            "fisher": False,
            "min_coverage": 1.0,
            "standardize": "subject",
            "n_jobs": 2,
            "verbose": False,
        },
        unseen={
            "labels": "names are no numbers",
            "networks": "names are no numbers",
            "min_coverage": "all regions are covered",
        },
    ),
    Case(
        estimator=RunMap("alff"),
        make=make_runs,
        other={
            "kind": "falff",
            "contrast": None,
            "band": (0.02, 0.1),
            "hrf": "spm",
            "effect": "beta",
            "high_pass": 0.02,
            "mask_img": nib.Nifti1Image(_MASK, AFFINE),
            "resolution": 6.0,
            "n_jobs": 2,
            "verbose": False,
        },
        unseen={
            "contrast": "None is all that fluctuations take",
            "hrf": "not of fluctuations",
            "effect": "not of fluctuations",
            "high_pass": "not of fluctuations",
        },
    ),
    Case(
        estimator=RunMap("contrast", "a - b"),
        make=make_runs,
        other={
            "kind": "contrast",
            "contrast": "a",
            "band": (0.02, 0.1),
            "hrf": "spm",
            "effect": "beta",
            "high_pass": 0.02,
            "mask_img": nib.Nifti1Image(_MASK, AFFINE),
            "resolution": 6.0,
            "n_jobs": 2,
            "verbose": False,
        },
        unseen={"kind": "others take no contrast", "band": "not of a contrast"},
        name="RunMap of a contrast",
    ),
    Case(
        estimator=TemplateNormalizer(_TEMPLATE, 3.5, space="Small"),
        make=make_small_heads,
        other={
            "template": _OTHER_TEMPLATE,
            "resolution": 3.0,
            "kind": "syn",
            "via": "anatomical",
            "space": "Other",
            "template_mask": _SMALLER,
            "order": 1,
            "n_jobs": 2,
        },
        unseen={"space": "a name is no number"},
    ),
    Case(
        estimator=TrialBetas(),
        make=make_bold_trials,
        other={
            "method": "lsa",
            "hrf": "spm",
            "effect": "beta",
            "high_pass": 0.03,
            "max_inflation": 1.01,
            "mask_img": nib.Nifti1Image(_MASK, AFFINE),
            "resolution": 6.0,
            "standardize": "subject",
            "n_jobs": 2,
            "verbose": False,
        },
    ),
    Case(
        estimator=MotionCorrector("first"),
        make=make_moved_heads,
        other={"reference": 2, "order": 1, "n_jobs": 2},
    ),
    Case(
        estimator=SliceTimingCorrector("ascending"),
        make=make_bold_trials,
        other={
            "slice_times": "interleaved",
            "reference": "start",
            "multiband": 2,
            "slice_axis": 1,
            "min_t_r": 2.5,
        },
    ),
    Case(estimator=SpatialSmoother(4.0), make=make_bold_trials, other={"fwhm": 8.0}),
    Case(
        estimator=VolumeWindow(4.0, 8.0),
        make=make_bold_trials,
        other={
            "tmin": 2.0,
            "tmax": 10.0,
            "baseline": (-4.0, 0.0),
            "scale": False,
            "mask_img": nib.Nifti1Image(_MASK, AFFINE),
            "resolution": 6.0,
            "standardize": "recording",
            "n_jobs": 2,
            "verbose": False,
        },
    ),
]
