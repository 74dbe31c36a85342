"""Real recordings that a simulation starts from."""

from dataclasses import dataclass

import mne
import nibabel as nib
import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from sklearn_neurofuse.datasets._simulation._leadfield import standard_montage
from sklearn_neurofuse.datasets._simulation._motion import COLUMNS
from sklearn_neurofuse.datasets._simulation._reading import OWNER


@dataclass(frozen=True, eq=False)
class BaseEEG:
    """Real EEG: values in V of shape (n_rows, n_times) in the order of the rows, and its rate."""

    data: np.ndarray
    sfreq: float


def as_list(value, kinds):
    """Give a tuple for one thing of these kinds or a list of them; None stays None."""
    if value is None:
        return None
    return (value,) if isinstance(value, kinds) else tuple(value)


def read_base_eeg(raws):
    """Check real EEG recordings and give their channels.

    Parameters
    ----------
    raws : tuple of mne.io.BaseRaw
        The recordings.

    Returns
    -------
    bases : tuple of BaseEEG
        With rows for the EEG channels, EOG and ECG.
    channels : tuple of str
        EEG channels under the names of the 10-05 system.

    Raises
    ------
    TypeError
        If something is no recording.
    ValueError
        If channels are not those of the 10-05 system, or differ between recordings.
    """
    found = [_read_raw(raw) for raw in raws]
    if len({channels for _, channels in found}) > 1:
        raise ValueError(f"{OWNER}: base_eeg must have the same EEG channels in every recording")
    return tuple(base for base, _ in found), found[0][1]


def _read_raw(raw):
    if not isinstance(raw, mne.io.BaseRaw):
        raise TypeError(f"{OWNER}: base_eeg must be mne.io.Raw, got {type(raw).__name__}")
    known = {name.lower(): name for name in standard_montage().ch_names}
    picks = mne.pick_types(raw.info, eeg=True, exclude=())
    given = [raw.ch_names[pick].strip(".").lower() for pick in picks]
    unknown = [name for name in given if name not in known]
    if unknown or not given:
        raise ValueError(
            f"{OWNER}: base_eeg must have EEG channels named as in the 10-05 system, "
            f"got {', '.join(unknown) or 'none'}; rename or drop them"
        )
    rows = [raw.get_data(picks)]
    for kind in ("eog", "ecg"):
        other = mne.pick_types(raw.info, **{"meg": False, kind: True}, exclude=())[:1]
        rows.append(raw.get_data(other) if len(other) else np.zeros((1, raw.n_times)))
    data = np.concatenate(rows).astype(np.float32)
    return BaseEEG(data, raw.info["sfreq"]), tuple(known[name] for name in given)


def render_base_eeg(run):
    """Give the real EEG at the slow rate, of shape (n_rows, n_times)."""
    base, rates = run.base("base_eeg"), run.rates
    needed = rates.n_full / run.settings.sfreq
    length = base.data.shape[1] / base.sfreq
    if length < needed - 1 / base.sfreq:
        raise ValueError(
            f"{OWNER}: base_eeg must last {needed:.2f} s for this run, got {length:.2f} s; "
            "lower n_volumes, t_r, scan['lead'] or scan['tail']"
        )
    return _resampled(base, rates) * np.float32(run.subject.site_gain)


def _resampled(base, rates):
    """Resample by zero-padding or cutting the spectrum of the mirrored recording."""
    n_times = rates.n_times - 2 * rates.n_pad
    take = min(base.data.shape[1], int(np.ceil(n_times / rates.sfreq * base.sfreq)) + 1)
    pad = min(int(rates.n_pad / rates.sfreq * base.sfreq), take - 1)
    data = np.pad(base.data[:, :take], ((0, 0), (pad, pad)), mode="reflect")
    out = np.zeros((len(data), rates.n_times), dtype=np.float32)
    length = next_fast_len(data.shape[1] + pad, real=True)
    spectrum = rfft(data, length, axis=1)
    target = round(length / base.sfreq * rates.sfreq)
    n_kept = min(spectrum.shape[1], target // 2)
    fine = irfft(spectrum[:, :n_kept], target, axis=1) * (target / length)
    # the fine grid is off by less than one part in its length
    times = (np.arange(rates.n_times) - rates.n_pad) / rates.sfreq + pad / base.sfreq
    grid = np.arange(target) * (length / base.sfreq / target)
    for row, values in zip(out, fine, strict=True):
        row[:] = np.interp(times, grid, values)
    return out


def read_base_bold(imgs, n_volumes):
    """Check real images: 3-D as a still head, or 4-D series.

    Parameters
    ----------
    imgs : tuple of nibabel image or path-like
        The images.
    n_volumes : int
        Volumes that a series must have.

    Returns
    -------
    tuple of nibabel image
        Of one shape and affine.
    """
    imgs = tuple(img if hasattr(img, "dataobj") else nib.load(img) for img in imgs)
    for img in imgs:
        if len(img.shape) not in (3, 4):
            raise ValueError(f"{OWNER}: base_bold must be 3-D or 4-D, got shape {img.shape}")
        if img.shape[:3] != imgs[0].shape[:3] or not np.allclose(img.affine, imgs[0].affine):
            raise ValueError(f"{OWNER}: base_bold must be images of one shape and affine")
        if len(img.shape) == 4 and img.shape[3] < n_volumes:
            raise ValueError(
                f"{OWNER}: base_bold must have at least n_volumes = {n_volumes} volumes, "
                f"got {img.shape[3]}"
            )
    return imgs


def read_motion(traces, n_volumes):
    """Check measured motion: tables with fMRIPrep's columns, or arrays in their order."""
    read = []
    for trace in traces:
        if hasattr(trace, "columns"):
            missing = [name for name in COLUMNS if name not in trace.columns]
            if missing:
                raise ValueError(f"{OWNER}: motion must have columns {', '.join(missing)}")
            trace = trace[list(COLUMNS)]
        values = np.asarray(trace, dtype=float)
        if values.ndim != 2 or values.shape[1] != 6 or len(values) < n_volumes:
            raise ValueError(
                f"{OWNER}: motion must have one row for each of {n_volumes} volumes and 6 columns "
                f"(mm, mm, mm, rad, rad, rad), got shape {values.shape}"
            )
        if not np.isfinite(values[:n_volumes]).all():
            raise ValueError(f"{OWNER}: motion must be finite")
        read.append(values[:n_volumes])
    return tuple(read)


def read_heart(times):
    """Check measured heartbeats: rising times in s."""
    read = tuple(np.asarray(beats, dtype=float) for beats in times)
    for beats in read:
        if beats.ndim != 1 or len(beats) < 3 or not (np.diff(beats) > 0.2).all():
            raise ValueError(
                f"{OWNER}: heart must be rising times of heartbeats in s, at least 3 and more "
                "than 0.2 s apart; clean duplicates first"
            )
    return read
