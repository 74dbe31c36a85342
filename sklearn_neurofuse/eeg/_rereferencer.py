"""`Rereferencer`: another reference."""

import mne
import numpy as np

from sklearn_neurofuse._validation import nearest
from sklearn_neurofuse.eeg._channel_types import load_raw, pick_eeg
from sklearn_neurofuse.eeg._copies import make_raw
from sklearn_neurofuse.recordings import RecordingTransformer

_MASTOIDS = (("M1", "M2"), ("A1", "A2"), ("TP9", "TP10"))
# distance of the sources of REST from each other, in mm
_REST_GRID = 15.0
_MONTAGE = "colin27_1005"


class Rereferencer(RecordingTransformer):
    """Change the reference, as :func:`mne.set_eeg_reference` does.

    Parameters
    ----------
    reference : {"average", "mastoids", "REST"}, str or sequence of str, default="average"
        The mean of the good EEG channels; the mean of M1 and M2 (or A1 and A2, or TP9 and TP10);
        the reference electrode standardization technique [1]_, which estimates the potentials
        against infinity in a spherical head; or the mean of these channels.
    add_reference : str, default=None
        Name of the electrode that the recording was made against, such as ``"FCz"``: it is added
        as a channel first, so that it keeps what it measured and counts in the average. Its
        position is that of the 10-05 system, fitted to the others.

    Raises
    ------
    ValueError
        If a channel is missing, or REST is wanted without positions.

    See Also
    --------
    mne.set_eeg_reference : What is called.

    Notes
    -----
    The average over an incomplete or partly bad set of channels is biased; bad channels are left
    out of it, and `ChannelInterpolator` before it makes the set complete.

    References
    ----------
    .. [1] Yao, D. (2001). A method to standardize a reference of scalp EEG recordings to a point
       at infinity. Physiological Measurement, 22(4), 693-711. doi:10.1088/0967-3334/22/4/305

    Examples
    --------
    >>> import mne
    >>> import numpy as np
    >>> from sklearn_neurofuse import Recordings
    >>> from sklearn_neurofuse.eeg import Rereferencer
    >>> info = mne.create_info(["Fz", "Cz", "Pz"], sfreq=100.0, ch_types="eeg")
    >>> raw = mne.io.RawArray(np.full((3, 500), 4e-6), info, verbose="error")
    >>> referenced = Rereferencer(add_reference="FCz").fit_transform(Recordings([raw])).load(0)
    >>> dict(zip(referenced.ch_names, (1e6 * referenced.get_data()[:, 0]).round(6).tolist()))
    {'Fz': 1.0, 'Cz': 1.0, 'Pz': 1.0, 'FCz': -3.0}
    """

    kind = "eeg"
    adds = ("rereferenced",)
    libraries = ("mne",)

    def __init__(self, reference="average", *, add_reference=None):
        self.reference = reference
        self.add_reference = add_reference

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters."""
        if self.add_reference is not None and not isinstance(self.add_reference, str):
            raise TypeError(
                "Rereferencer: add_reference must be the name of a channel, got "
                f"{self.add_reference!r}"
            )
        if isinstance(self.reference, str):
            return
        names = self.reference
        is_list = isinstance(names, (list, tuple))
        if not is_list or not names or not all(isinstance(name, str) for name in names):
            raise TypeError(
                "Rereferencer: reference must be 'average', 'mastoids', 'REST' or names of "
                f"channels, got {names!r}"
            )

    def transform_recording(self, recording, context):
        """Re-reference one recording.

        Parameters
        ----------
        recording : mne.io.BaseRaw
            The recording.
        context : object
            For figures of quality.

        Returns
        -------
        mne.io.BaseRaw
            Against the new reference.
        """
        raw = load_raw(recording)
        pick_eeg(raw)
        if self.add_reference is not None:
            raw = _with_reference(raw, self.add_reference)
        if self.reference == "REST":
            context.report(n_reference=len(_good_eeg(raw)))
            return _standardised(raw)
        names = self._names(raw)
        context.report(n_reference=len(names))
        bads, raw.info["bads"] = raw.info["bads"], []
        # MNE leaves channels that are marked bad against the old reference
        mne.set_eeg_reference(raw, names, ch_type="eeg", copy=False, verbose="ERROR")
        raw.info["bads"] = bads
        return raw

    def _names(self, raw):
        if self.reference == "average":
            names = _good_eeg(raw)
            if not names:
                raise ValueError("all EEG channels are marked bad, so that there is no average")
            return names
        if self.reference == "mastoids":
            return _mastoids(raw)
        names = [self.reference] if isinstance(self.reference, str) else list(self.reference)
        for name in names:
            if name not in raw.ch_names:
                known = ["average", "mastoids", "REST", *raw.ch_names]
                raise ValueError(f"reference: there is no channel {name!r}{nearest(name, known)}")
            if name in raw.info["bads"]:
                raise ValueError(f"reference: channel {name!r} is marked bad")
        return names


def _good_eeg(raw):
    return [raw.ch_names[pick] for pick in mne.pick_types(raw.info, eeg=True, exclude="bads")]


def _mastoids(raw):
    good = {name.lower(): name for name in raw.ch_names if name not in raw.info["bads"]}
    for pair in _MASTOIDS:
        if all(name.lower() in good for name in pair):
            return [good[name.lower()] for name in pair]
    told = ", ".join(" and ".join(pair) for pair in _MASTOIDS)
    raise ValueError(f"reference='mastoids' needs good channels {told}; the recording has neither")


def _with_reference(raw, name):
    if name in raw.ch_names:
        raise ValueError(f"add_reference: the recording has a channel {name!r} already")
    place = _place_of(raw, name)
    with mne.utils.use_log_level("ERROR"):
        # MNE does not know where the reference was, and is told below
        new = mne.io.RawArray(np.zeros((1, 1)), mne.create_info([name], raw.info["sfreq"], "eeg"))
        start = mne.io.RawArray(raw.get_data(stop=1), raw.info.copy())
        info = start.add_channels([new], force_update_info=True).info
    info["chs"][-1]["loc"][:3] = place
    data = np.zeros((len(info["ch_names"]), raw.n_times))
    for i, row in enumerate(data[:-1]):
        row[:] = raw[i][0]
    return make_raw(raw, data, info)


def _place_of(raw, name):
    """Place an electrode of the 10-05 system among those there are, NaN where that fails."""
    standard = mne.channels.make_standard_montage(_MONTAGE).get_positions()["ch_pos"]
    known = {label.lower(): place for label, place in standard.items()}
    pairs = [
        (known[channel["ch_name"].lower()], channel["loc"][:3])
        for channel in raw.info["chs"]
        if channel["ch_name"].lower() in known
    ]
    pairs = [pair for pair in pairs if np.isfinite(pair[1]).all() and np.any(pair[1])]
    if len(pairs) < 4 or name.lower() not in known:
        return np.full(3, np.nan)
    there, here = (np.array(part) for part in zip(*pairs, strict=True))
    fit = np.linalg.lstsq(np.column_stack([there, np.ones(len(there))]), here, rcond=None)[0]
    return np.append(known[name.lower()], 1.0) @ fit


def _standardised(raw):
    picks = mne.pick_types(raw.info, eeg=True, exclude=())
    places = np.array([raw.info["chs"][pick]["loc"][:3] for pick in picks])
    lost = ~np.isfinite(places).all(axis=1) | ~places.any(axis=1)
    if lost.any():
        names = ", ".join(raw.ch_names[pick] for pick in picks[lost])
        raise ValueError(
            f"reference='REST' needs the positions of all EEG channels, and {names} have none; "
            "set a montage with raw.set_montage(...)"
        )
    with mne.utils.use_log_level("ERROR"):
        sphere = mne.make_sphere_model("auto", "auto", raw.info)
        grid = mne.setup_volume_source_space(sphere=sphere, pos=_REST_GRID, exclude=30.0)
        forward = mne.make_forward_solution(
            raw.info, trans=None, src=grid, bem=sphere, meg=False, eeg=True
        )
        return mne.set_eeg_reference(raw, "REST", copy=False, forward=forward)[0]
