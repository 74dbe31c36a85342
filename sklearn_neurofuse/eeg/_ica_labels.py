"""Which independent components are of the eyes or of muscles."""

import importlib

import mne
import numpy as np

from sklearn_neurofuse.signal._ocular import blink_components, find_blinks, following_components

_ABOVE = ("fp1", "fp2", "fpz", "af7", "af8", "af3", "af4", "afz")
_ASIDE = (("f7", "f8"), ("af7", "af8"), ("ft7", "ft8"), ("f9", "f10"))
_MUSCLE_SFREQ = 100.0
# what the networks of ICLabel call them
_ICLABEL = {"ocular": ("eye blink",), "muscle": ("muscle artifact",)}
_CERTAIN = 0.5


def label_components(ica, raw, artifacts, eog, threshold):
    """Find the components of each kind of artefact by scores that need nothing but the data.

    Parameters
    ----------
    ica : mne.preprocessing.ICA
        Fitted.
    raw : mne.io.BaseRaw
        What it was fitted on.
    artifacts : sequence of {"ocular", "muscle"}
        Kinds to find.
    eog : {"auto"} or sequence of str
        Channels near the eyes.
    threshold : float
        Score above which a component is of muscles.

    Returns
    -------
    dict of str to list of int
        Numbers of the components by kind.
    """
    found = {}
    if "ocular" in artifacts:
        found["ocular"] = _ocular(ica, raw, eog)
    if "muscle" in artifacts:
        taken = set(found.get("ocular", ()))
        found["muscle"] = [number for number in _muscle(ica, raw, threshold) if number not in taken]
    return found


def _ocular(ica, raw, eog):
    sfreq = raw.info["sfreq"]
    sources = ica.get_sources(raw).get_data()
    vertical, others = _eye_courses(raw, eog)
    chosen = []
    for course in vertical:
        blinks = find_blinks(course, sfreq)
        chosen += blink_components(sources, ica.get_components(), blinks, sfreq)[0]
    for course in others:
        chosen += following_components(sources, course, sfreq)[0]
    return sorted(set(chosen))


def _eye_courses(raw, eog):
    """Give the channels to look for blinks in, and those to compare all of the course with."""
    if eog == "auto":
        picks = mne.pick_types(raw.info, eog=True, exclude="bads")
        names = [raw.ch_names[pick] for pick in picks]
    else:
        names = list(eog)
    if names:
        courses = list(raw.get_data(picks=names))
        if len(courses) == 2:
            # a common reference may hide sideways looks in both
            courses.append(courses[0] - courses[1])
        return courses, courses
    known = {name.lower(): name for name in raw.ch_names if name not in raw.info["bads"]}
    above = [known[name] for name in _ABOVE if name in known]
    if not above:
        raise ValueError(
            "eye movements need EOG channels or frontal ones (Fp1, Fp2, AF7 or AF8); name them in "
            "eog=, or leave out artifacts='ocular'"
        )
    aside = next((pair for pair in _ASIDE if all(name in known for name in pair)), None)
    sideways = []
    if aside is not None:
        left, right = raw.get_data(picks=[known[name] for name in aside])
        sideways = [left - right]
    return [raw.get_data(picks=above[:2]).mean(axis=0)], sideways


def _muscle(ica, raw, threshold):
    if raw.info["sfreq"] < _MUSCLE_SFREQ:
        raise ValueError(
            f"muscles need a sampling frequency of at least {_MUSCLE_SFREQ:g} Hz, the recording "
            f"has {raw.info['sfreq']:g}; leave out artifacts='muscle'"
        )
    places = np.array([channel["loc"][:3] for channel in ica.info["chs"]])
    if not (np.isfinite(places).all() and places.any(axis=1).all()):
        raise ValueError(
            "muscles need the positions of the EEG channels; set a montage with "
            "raw.set_montage(...), or leave out artifacts='muscle'"
        )
    return [int(number) for number in ica.find_bads_muscle(raw, threshold, verbose="ERROR")[0]]


def label_by_network(ica, raw, artifacts):
    """Find the components of each kind of artefact by the network ICLabel [1]_.

    Parameters
    ----------
    ica : mne.preprocessing.ICA
        Fitted.
    raw : mne.io.BaseRaw
        What it was fitted on.
    artifacts : sequence of {"ocular", "muscle"}
        Kinds to find.

    Returns
    -------
    dict of str to list of int
        Numbers of the components by kind.

    Raises
    ------
    ImportError
        If mne-icalabel or onnxruntime are not installed.

    References
    ----------
    .. [1] Pion-Tonachini, L., Kreutz-Delgado, K., & Makeig, S. (2019). ICLabel: an automated
       electroencephalographic independent component classifier, dataset, and website. NeuroImage,
       198, 181-197. doi:10.1016/j.neuroimage.2019.05.026
    """
    try:
        library = importlib.import_module("mne_icalabel")
        importlib.import_module("onnxruntime")
    except ImportError as error:
        raise ImportError(
            "ICAArtifactRemover(labels='iclabel') needs mne-icalabel and onnxruntime: "
            'pip install "sklearn-neurofuse[iclabel]"'
        ) from error
    with mne.utils.use_log_level("ERROR"):
        found = library.label_components(raw, ica, "iclabel")
    sure = np.asarray(found["y_pred_proba"]) >= _CERTAIN
    return {
        kind: [
            number
            for number, (label, is_sure) in enumerate(zip(found["labels"], sure, strict=True))
            if label in _ICLABEL[kind] and is_sure
        ]
        for kind in artifacts
    }
