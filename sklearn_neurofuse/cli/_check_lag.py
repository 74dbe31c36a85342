"""At which lag alpha power and BOLD go together, and what that says of two clocks."""

import warnings

import numpy as np
from sklearn.utils import Bunch

from sklearn_neurofuse.cli._check_findings import Finding, judged
from sklearn_neurofuse.containers import VolumeSpace
from sklearn_neurofuse.fmri._template import load_template
from sklearn_neurofuse.inspection import lag_search

# enough to tell the level of 5 % over all recordings together
_N_PERMUTATIONS, _PER_RECORDING = 200, 40
_SURE = 0.05
# misalignments that are amber and red, in volumes; and what people's own responses, earlier or
# later than the canonical one, move the peak by, in s, so that nothing below it is blamed
_VOLUMES, _RESOLVED = (1.5, 2.0), (2.0, 3.0)
# simulated runs with alpha of usual size told no lag in 10 minutes, and at times one in 20
_LONG_ENOUGH, _FEWEST = 20.0, 100
_BAND, _AROUND, _PEAK_DB = (8.0, 13.0), (4.0, 20.0), 1.0
# cortex behind this plane, in mm of MNI space, and its bounds
_OCCIPITAL = {"x": (-45.0, 45.0), "y": (-110.0, -66.0), "z": (-25.0, 40.0)}
_TEMPLATE, _GRID_MM, _GREY = "MNI152", 4.0, 0.4


def search_lag(done, n_recordings=1):
    """Search the lag at which alpha power and BOLD go together.

    Parameters
    ----------
    done : dict
        From `processed`.
    n_recordings : int, default=1
        How many are searched in all.

    Returns
    -------
    Bunch or None
        ``found`` from `lag_search`, or None; ``t_r``; ``region``, whether it was searched in
        occipital cortex alone, which needs a run on the template; ``reasons`` why there may be
        none. None without both modalities.
    """
    if not {"fmri", "eeg"} <= set(done):
        return None
    run, raw = done["fmri"][1], done["eeg"][1]
    mask = occipital_mask() if any(each.startswith("space-MNI") for each in run.done) else None
    clock = Bunch(found=None, t_r=run.t_r, region=mask is not None, reasons=_reasons(run, raw))
    try:
        with warnings.catch_warnings():
            # nilearn's, of drifts that the motion takes up
            warnings.filterwarnings("ignore", "Cosine filter")
            n = max(_N_PERMUTATIONS, _PER_RECORDING * n_recordings)
            clock.found = lag_search(run, raw, mask_img=mask, n_permutations=n, random_state=0)
    except ValueError as error:
        clock.reasons = [" ".join(str(error).split())]
    return clock


def occipital_mask():
    """Give grey matter of the occipital pole, where alpha goes along with BOLD.

    Returns
    -------
    nibabel image
        In MNI space.
    """
    template = load_template(_TEMPLATE, _GRID_MM)
    index = np.indices(template.mask.shape).reshape(3, -1)
    mm = template.affine[:3, :3] @ index + template.affine[:3, 3:]
    inside = template.mask.ravel() & (template.tissues[0].ravel() > _GREY)
    for place, (low, high) in zip(mm, _OCCIPITAL.values(), strict=True):
        inside &= (low <= place) & (place <= high)
    volume = inside.reshape(1, *template.mask.shape).astype(np.float32)
    image = VolumeSpace(template.affine, space=template.space).to_nifti(volume)
    return image.slicer[..., 0]


def alpha_peak(raw):
    """Measure by how much alpha stands out of the spectrum around it.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        Cleaned EEG.

    Returns
    -------
    float
        In dB above a power law through the neighbouring frequencies; NaN without EEG.
    """
    if "eeg" not in raw:
        return np.nan
    low, high = _AROUND
    high = min(high, 0.9 * (raw.info["lowpass"] or high), 0.45 * raw.info["sfreq"])
    spectrum = raw.compute_psd(
        "welch", fmin=low, fmax=high, picks="eeg", n_fft=int(2 * raw.info["sfreq"]), verbose="error"
    )
    power = 10 * np.log10(spectrum.get_data().mean(axis=0))
    frequency = np.log10(spectrum.freqs)
    alpha = (spectrum.freqs >= _BAND[0]) & (spectrum.freqs <= _BAND[1])
    line = np.polyfit(frequency[~alpha], power[~alpha], 1)
    return float((power - np.polyval(line, frequency))[alpha].max())


def _reasons(run, raw):
    """Say what may keep a lag from being told."""
    minutes, found = run.n_volumes * run.t_r / 60, []
    if run.n_volumes < _FEWEST:
        found.append(f"too few volumes, {run.n_volumes}")
    if minutes < _LONG_ENOUGH:
        found.append(f"a short run, {minutes:.3g} of some {_LONG_ENOUGH:g} minutes")
    if not alpha_peak(raw) > _PEAK_DB:
        found.append("no peak of alpha in the spectrum of the EEG")
    return found


def limits(t_r):
    """Give the misalignments from which clocks are taken to be apart.

    Parameters
    ----------
    t_r : float
        Repetition time in s.

    Returns
    -------
    amber, red : float
        In s.
    """
    return tuple(
        max(volumes * t_r, least) for volumes, least in zip(_VOLUMES, _RESOLVED, strict=True)
    )


def lag_findings(clock, n_recordings):
    """Judge where alpha power and BOLD go together: far from the response, clocks are apart.

    Parameters
    ----------
    clock : Bunch or None
        From `search_lag`.
    n_recordings : int
        How many recordings are judged: the level of 5 % is that of all together, or one in
        twenty good ones would be blamed.

    Returns
    -------
    list of Finding
        Without colour where there is no lag to speak of.
    """
    if clock is None:
        return []
    where = "occipital BOLD" if clock.region else "the strongest voxels of BOLD"
    title, found, level = f"alpha power and {where}", clock.found, _SURE / n_recordings
    if found is None:
        return [Finding(title, "no lag told", "", clock.reasons[0])]
    p = f"p = {found.p_value:.2g}"
    if found.p_value > level:
        why = "; ".join(clock.reasons) or "alpha and BOLD go together no more than by chance"
        return [Finding(title, f"no lag told, {p}", "", f"{why}; told up to p = {level:.2g}")]
    told = f"correlation {found.peak:+.2f} at {found.peak_lag:+g} s, {p}"
    if clock.region and found.peak > 0:
        return [Finding(title, told, "amber", "negative is expected, so the lag may be of other "
                        "than alpha")]  # fmt: skip
    finding = judged(title, told, abs(found.peak_lag), *limits(clock.t_r), "s from the response")
    return [finding]
