"""`ChannelInterpolator`: finds bad channels and replaces them by what their neighbours say."""

import mne
import numpy as np

from sklearn_neurofuse._validation import check_choice, check_number, nearest
from sklearn_neurofuse.eeg._channel_types import load_raw, pick_eeg
from sklearn_neurofuse.recordings import RecordingTransformer
from sklearn_neurofuse.signal._bad_channels import find_bad_channels

# sample points that are interpolated at a time
_STRETCH = 200_000


class ChannelInterpolator(RecordingTransformer):
    """Replace bad EEG channels by spherical splines through the good ones.

    Channels are bad that the recording or its table says are bad, and those found: flat,
    saturated, far from all others in amplitude, drift or noise, or not what the other channels
    predict [1]_; blinks make no channel bad. The interpolation itself is that of
    :meth:`mne.io.Raw.interpolate_bads`.

    Parameters
    ----------
    bad_channels : {"auto", "marked"} or sequence of str, default="auto"
        Which channels beside those that are marked: all that are found, none, or these.
    threshold : float, default=5.0
        How far in robust standard deviations a channel may lie from the median of all.
    max_share : float, default=0.4
        Largest share of the channels that is replaced; a recording with more raises.

    Raises
    ------
    ValueError
        If a bad channel, or too few good ones, have a position; if too many are bad; if a
        channel is not in the recording.

    See Also
    --------
    mne.io.Raw.interpolate_bads : What is called.

    Notes
    -----
    It comes before the average reference, which spreads a bad channel over all others.

    Reported figures: ``bad_channels``, their names; ``reasons``, one for each.

    References
    ----------
    .. [1] Bigdely-Shamlo, N., Mullen, T., Kothe, C., Su, K.-M., & Robbins, K. A. (2015). The PREP
       pipeline: standardized preprocessing for large-scale EEG analysis. Frontiers in
       Neuroinformatics, 9, 16. doi:10.3389/fninf.2015.00016

    Examples
    --------
    >>> from sklearn_neurofuse.datasets import simulate_eeg_fmri
    >>> from sklearn_neurofuse.eeg import ChannelInterpolator
    >>> data = simulate_eeg_fmri(
    ...     1, n_volumes=20, volume_shape=(8, 8, 8), sfreq=250, random_state=3,
    ...     eeg={"gradient": False, "pulse": False, "bad_channels": {"number": 1}},
    ... )
    >>> mended = ChannelInterpolator().fit_transform(data.X["eeg"])
    >>> mended.quality(0)["ChannelInterpolator"]["bad_channels"] == data.truth.runs[0].bad_channels
    True
    """

    kind = "eeg"
    adds = ("interpolated",)
    warns_after = {
        "rereferenced": "interpolate before the reference is changed, which spreads bad channels "
        "over all others",
    }
    libraries = ("mne", "scipy")

    def __init__(self, bad_channels="auto", *, threshold=5.0, max_share=0.4):
        self.bad_channels = bad_channels
        self.threshold = threshold
        self.max_share = max_share

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters."""
        if isinstance(self.bad_channels, str):
            check_choice(self, "bad_channels", self.bad_channels, ("auto", "marked"))
        check_number(self, "threshold", self.threshold, low=0, closed="neither")
        check_number(self, "max_share", self.max_share, low=0, high=1)

    def transform_recording(self, recording, context):
        """Mend one recording.

        Parameters
        ----------
        recording : mne.io.BaseRaw
            The recording.
        context : object
            For figures of quality.

        Returns
        -------
        mne.io.BaseRaw
            With no EEG channel marked bad.
        """
        raw = load_raw(recording)
        picks = pick_eeg(raw)
        names = [raw.ch_names[pick] for pick in picks]
        reasons = {name: "it is marked" for name in raw.info["bads"] if name in names}
        for name, reason in self._found(raw, picks, names).items():
            reasons.setdefault(name, reason)
        context.report(bad_channels=list(reasons), reasons=list(reasons.values()))
        if not reasons:
            return raw
        self._check_bad(raw, reasons, names)
        others = [name for name in raw.info["bads"] if name not in names]
        raw.info["bads"] = list(reasons)
        _interpolate(raw)
        raw.info["bads"] = others
        return raw

    def _found(self, raw, picks, names):
        if self.bad_channels == "marked":
            return {}
        if self.bad_channels != "auto":
            for name in self.bad_channels:
                if name not in names:
                    close = nearest(name, names)
                    raise ValueError(f"bad_channels: there is no EEG channel {name!r}{close}")
            return dict.fromkeys(self.bad_channels, "it was given")
        good = [i for i, name in enumerate(names) if name not in raw.info["bads"]]
        found = find_bad_channels(
            raw.get_data(picks=picks[good]),
            raw.info["sfreq"],
            _positions(raw, picks[good]),
            self.threshold,
        )
        return {names[good[i]]: reason for i, reason in found.items()}

    def _check_bad(self, raw, reasons, names):
        told = ", ".join(f"{name} ({reason})" for name, reason in reasons.items())
        if len(reasons) > self.max_share * len(names):
            raise ValueError(
                f"{len(reasons)} of {len(names)} EEG channels are bad, max_share={self.max_share:g}"
                f" allows {int(self.max_share * len(names))}: {told}"
            )
        places = _all_positions(raw, mne.pick_channels(raw.ch_names, names))
        lost = [name for name, place in zip(names, places, strict=True) if np.isnan(place).any()]
        if lost:
            raise ValueError(
                f"interpolating {told} needs the positions of all EEG channels, and "
                f"{', '.join(lost)} have none; set a montage with raw.set_montage(...)"
            )


def _interpolate(raw):
    """Replace what is marked bad in place, stretch by stretch because recordings are large."""
    bads = [raw.ch_names.index(name) for name in raw.info["bads"]]
    for begin in range(0, raw.n_times, _STRETCH):
        here = slice(begin, min(begin + _STRETCH, raw.n_times))
        piece = mne.io.RawArray(raw[:, here][0], raw.info.copy(), verbose="ERROR")
        piece.interpolate_bads(reset_bads=False, verbose="ERROR")
        raw[bads, here] = piece.get_data(picks=bads)


def _all_positions(raw, picks):
    """Give positions in m, NaN where there is none."""
    places = np.array([raw.info["chs"][pick]["loc"][:3] for pick in picks])
    return np.where(np.any(places != 0, axis=1, keepdims=True), places, np.nan)


def _positions(raw, picks):
    """Give positions relative to the centre of the head, None unless all are known."""
    places = _all_positions(raw, picks)
    if len(places) < 4 or np.isnan(places).any():
        return None
    # the sphere through the electrodes: |p|^2 = 2 p c + r^2 - |c|^2
    system = np.column_stack([2 * places, np.ones(len(places))])
    centre = np.linalg.lstsq(system, (places**2).sum(axis=1), rcond=None)[0][:3]
    return places - centre
