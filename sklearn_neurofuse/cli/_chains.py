"""From a file of steps by name to the pipeline that works on recordings."""

import inspect
import tomllib
from pathlib import Path

from sklearn.pipeline import make_pipeline

from sklearn_neurofuse import eeg, fmri
from sklearn_neurofuse._validation import nearest
from sklearn_neurofuse.compose import make_modality_transformer
from sklearn_neurofuse.recordings import RecordingTransformer, SampleExtractor

_ROOMS = {"fmri": fmri, "eeg": eeg}
_KEYS = ("fmri", "eeg", "grid")

# the step that repeats what was done before the recordings came here
_DOES = {
    "slice_time_corrected": "SliceTimingCorrector",
    "motion_corrected": "MotionCorrector",
    "normalized": "TemplateNormalizer",
    "smoothed": "SpatialSmoother",
}

_CLEAN = {
    "fmri": [
        {"step": "SliceTimingCorrector"},
        {"step": "MotionCorrector"},
        {"step": "TemplateNormalizer"},
        {"step": "SpatialSmoother", "fwhm": 6.0},
        {"step": "ConfoundRegressor"},
    ],
    "eeg": [
        {"step": "GradientArtifactRemover"},
        {"step": "PulseArtifactRemover"},
        {"step": "Resampler", "sfreq": 250.0},
        {"step": "FrequencyFilter", "l_freq": 0.1, "h_freq": 40.0},
        {"step": "ChannelInterpolator"},
        {"step": "ICAArtifactRemover", "fit_l_freq": 1.0},
        {"step": "Rereferencer", "reference": "average"},
    ],
}
_EPOCHER = {"step": "Epocher", "tmin": -0.2, "tmax": 0.8, "standardize": "recording"}
# from raw recordings to one volume and one epoch of each trial, or one row of each run
DEFAULTS = {
    "trial": {
        "fmri": [*_CLEAN["fmri"], {"step": "TrialBetas", "standardize": "recording"}],
        "eeg": [*_CLEAN["eeg"], _EPOCHER],
    },
    "subject": {
        "fmri": [*_CLEAN["fmri"], {"step": "RunMap", "kind": "alff"}],
        "eeg": [*_CLEAN["eeg"], {"step": "BandPower"}],
    },
}


def read_config(path, level="trial"):
    """Read which steps are to be taken.

    Parameters
    ----------
    path : path-like or None
        A TOML file with the tables ``[[fmri]]`` and ``[[eeg]]``, each with ``step`` and parameters.
        A modality that the file does not name is as in the defaults; None gives these.
    level : {"trial", "subject"}, default="trial"
        What a sample is.

    Returns
    -------
    dict
        ``fmri`` and ``eeg``, lists of steps.

    Raises
    ------
    ValueError
        If the file is no TOML, or names what there is not.
    OSError
        If it cannot be read.
    """
    config = dict(DEFAULTS[level])
    if path is None:
        return config
    config.update({key: value for key, value in read_toml(path).items() if key in _ROOMS})
    for name in _ROOMS:
        _check_steps(path, name, config[name])
    return config


def read_toml(path):
    """Read a configuration.

    Parameters
    ----------
    path : path-like
        A TOML file.

    Returns
    -------
    dict
        Its tables, of known names.

    Raises
    ------
    ValueError
        If it is no TOML, or has another table.
    """
    try:
        given = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no TOML: {error}") from error
    for key in given:
        if key not in _KEYS:
            raise ValueError(
                f"{path}: tables must be among {', '.join(_KEYS)}, got {key!r}{nearest(key, _KEYS)}"
            )
    return given


def _check_steps(path, name, steps):
    if not isinstance(steps, list) or not steps:
        raise ValueError(f"{path}: {name} must be a list of steps, [[{name}]]")
    known = steps_of(name)
    for entry in steps:
        _check_step(path, name, entry, known)
    ends = [issubclass(known[entry["step"]], SampleExtractor) for entry in steps]
    if not ends[-1] or any(ends[:-1]):
        raise ValueError(f"{path}: {name} must end with its one extractor of samples")


def _check_step(path, name, entry, known):
    """Check the name of a step, those of its parameters, and their values."""
    if not isinstance(entry, dict):
        raise ValueError(f"{path}: {name} must be tables [[{name}]] with a step, got {entry!r}")
    step = entry.get("step")
    if step not in known:
        raise ValueError(
            f"{path}: steps of {name} must be among {', '.join(sorted(known))}, "
            f"got {step!r}{nearest(str(step), known)}"
        )
    wanted = inspect.signature(known[step]).parameters
    for parameter in set(entry) - {"step"}:
        if parameter not in wanted:
            raise ValueError(
                f"{path}: {step} has the parameters {', '.join(wanted)}, "
                f"got {parameter!r}{nearest(parameter, wanted)}"
            )
    check_values(path, _make_step(known[step], entry, None, False))


def check_values(path, step):
    """Check the parameters of a step before anything is read.

    Parameters
    ----------
    path : path-like
        Where they stand, for messages.
    step : estimator
        The step.

    Raises
    ------
    ValueError
        If one is of the wrong kind or out of bounds.
    """
    try:
        step.check_parameters()
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def steps_of(name):
    """List the steps of one modality.

    Parameters
    ----------
    name : {"fmri", "eeg"}
        The modality.

    Returns
    -------
    dict of str to type
        Classes by name.
    """
    room = _ROOMS[name]
    classes = {key: getattr(room, key) for key in room.__all__}
    return {
        key: value
        for key, value in classes.items()
        if inspect.isclass(value) and issubclass(value, (RecordingTransformer, SampleExtractor))
    }


def make_chain(config, X, n_jobs=None, verbose=False):
    """Make the transformer from recordings to arrays.

    Parameters
    ----------
    config : dict
        From `read_config`.
    X : Multimodal
        The recordings; modalities they lack get no branch, and steps that were taken before they
        came here are left out.
    n_jobs : int, default=None
        Recordings that are worked on at once.
    verbose : bool, default=False
        Whether extractors show a bar.

    Returns
    -------
    chain : ModalityTransformer
        One branch for each modality.
    skipped : list of str
        What was left out and why.
    """
    branches, skipped = {}, []
    for name in X.modalities:
        done = {effect for source in X[name].sources for effect in source.done}
        known = steps_of(name)
        steps = []
        for entry in config[name]:
            step = entry["step"]
            if step in {_DOES[effect] for effect in done if effect in _DOES}:
                skipped.append(f"{step}: done before the recordings came here")
                continue
            steps.append(_make_step(known[step], entry, n_jobs, verbose))
        branches[name] = make_pipeline(*steps)
    return make_modality_transformer(**branches), skipped


def _make_step(cls, entry, n_jobs, verbose):
    parameters = {key: value for key, value in entry.items() if key != "step"}
    if issubclass(cls, SampleExtractor):
        known = inspect.signature(cls).parameters
        common = {"n_jobs": n_jobs, "verbose": verbose}
        parameters = {k: v for k, v in common.items() if k in known} | parameters
    return cls(**parameters)
