"""Figures of quality of a cleaned recording."""

from sklearn_neurofuse.eeg import _gradient_quality as quality
from sklearn_neurofuse.eeg._gradient_plan import N_REPORTED

# s with and without the scanner that the bands of Allen et al. need
_LEAST_QUIET = 4.0
# volumes in a window that tells their harmonics apart
_PERIODS = 16


def report(context, before, data, channels, scan, n_courses):
    """Note how much was left and taken.

    Parameters
    ----------
    context : object
        Takes the figures.
    before : ndarray of shape (n_rows, n_times)
        Some channels before cleaning.
    data : ndarray of shape (n_channels, n_times)
        The recording after.
    channels : Channels
        Its channels.
    scan : FoundScan
        When the scanner ran.
    n_courses : list of int
        Courses of the basis set, among slice groups and among volumes.
    """
    sfreq, volumes = scan.sfreq, scan.volumes
    after = data[channels.cleaned[:N_REPORTED]]
    start = int(max(volumes.starts[0], 0))
    stop = int(min(scan.stop, volumes.n_times))
    freqs, dirty = quality.power_spectra(before, sfreq, start, stop)
    _, clean = quality.power_spectra(after, sfreq, start, stop)
    volume_rate = sfreq / volumes.period
    slice_rate = volume_rate * scan.n_groups
    figures = {
        "markers": scan.markers.source,
        "n_markers_put_in": scan.markers.n_repaired,
        "n_markers_left_out": scan.markers.n_stray,
        "n_volumes": len(volumes),
        "n_volumes_without_marker": len(volumes) - scan.n_marked,
        "period": volumes.period,
        "jitter": scan.jitter,
        "n_slice_groups": scan.n_groups,
        "n_courses": n_courses,
        "residual_at_slices": quality.residual_at_harmonics(freqs, clean, slice_rate),
        "residual_at_volumes": _at_volumes(after, sfreq, start, stop, volume_rate),
        "niazy_slices": quality.niazy_ratios(freqs, dirty, clean, slice_rate),
        "niazy_volumes": quality.niazy_ratios(freqs, dirty, clean, volume_rate),
        "saturated": channels.saturated,
        "flat": channels.flat,
    }
    quiet = _quiet_spectra(before, sfreq, start, stop)
    if quiet is not None:
        figures["allen_bands"] = quality.allen_bands(freqs, clean, quiet)
    context.report(**figures)


def _at_volumes(after, sfreq, start, stop, rate):
    """Tell the harmonics of volumes apart, which takes windows of several volumes."""
    window = max(quality.WINDOW, _PERIODS / rate)
    freqs, power = quality.power_spectra(after, sfreq, start, stop, window)
    return quality.residual_at_harmonics(freqs, power, rate)


def _quiet_spectra(before, sfreq, start, stop):
    """Give the spectra of the longer stretch without the scanner, None where both are short."""
    ends = ((0, start), (stop, before.shape[1]))
    begin, end = max(ends, key=lambda pair: pair[1] - pair[0])
    if min(end - begin, stop - start) < _LEAST_QUIET * sfreq:
        return None
    return quality.power_spectra(before, sfreq, begin, end)[1]
