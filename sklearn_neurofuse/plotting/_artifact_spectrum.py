"""Spectra of EEG before and after the scanner was cleaned out of it."""

import mne
import numpy as np

from sklearn_neurofuse._validation import check_number
from sklearn_neurofuse.plotting._style import COLOURS, PAGE, finish, get_axes, legend

# width of the spectral lines, in Hz
_RESOLUTION = 0.1


def plot_artifact_spectrum(raws, *, t_r=None, n_slices=None, fmax=70.0, picks="eeg", ax=None):
    """Compare spectra of recordings, with the harmonics of volumes and slices marked.

    Parameters
    ----------
    raws : dict of str to mne.io.BaseRaw or mne.io.BaseRaw
        Recordings by name, such as ``{"before": raw, "after": cleaned}``.
    t_r : float, default=None
        Repetition time in s, whose harmonics are marked; None marks none.
    n_slices : int, default=None
        Number of excitations in a repetition time, whose harmonics are marked too.
    fmax : float, default=70.0
        Highest frequency in Hz.
    picks : str or list, default="eeg"
        Channels, as in MNE.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    matplotlib.axes.Axes
        The median spectrum over channels of each recording.

    Raises
    ------
    TypeError
        If something is no recording.
    ValueError
        If a number is out of bounds.
    """
    raws = raws if isinstance(raws, dict) else {"": raws}
    for name, raw in raws.items():
        if not isinstance(raw, mne.io.BaseRaw):
            raise TypeError(
                f"plot_artifact_spectrum: {name or 'raws'} must be an mne.io.Raw, got "
                f"{type(raw).__name__}"
            )
    check_number("plot_artifact_spectrum", "fmax", fmax, low=1, unit="Hz")
    if t_r is not None:
        check_number("plot_artifact_spectrum", "t_r", t_r, low=0, closed="neither", unit="s")
    ax = get_axes(ax, width=PAGE)
    for number, (name, raw) in enumerate(raws.items()):
        freqs, power = _spectrum(raw, fmax, picks)
        colour = COLOURS[number % len(COLOURS)]
        ax.semilogy(freqs, power, color=colour, linewidth=0.8, label=name or None)
    if t_r is not None:
        _mark(ax, 1 / t_r, fmax, {"color": "0.85", "linewidth": 0.4}, "volumes")
        if n_slices is not None:
            style = {"color": "0.4", "linewidth": 0.8, "linestyle": ":"}
            _mark(ax, n_slices / t_r, fmax, style, "slices")
    ax.set_xlim(0, fmax)
    legend(ax, loc="upper right")
    finish(ax, xlabel="frequency (Hz)", ylabel="power density (µV²/Hz)")
    return ax


def _spectrum(raw, fmax, picks):
    fmax = min(fmax, raw.info["sfreq"] / 2)
    n_fft = int(min(raw.n_times, raw.info["sfreq"] / _RESOLUTION))
    spectrum = raw.compute_psd(
        "welch", fmin=0.5, fmax=fmax, picks=picks, n_fft=n_fft, verbose="error"
    )
    return spectrum.freqs, 1e12 * np.median(spectrum.get_data(), axis=0)


def _mark(ax, base, fmax, style, label):
    places = np.arange(1, int(fmax / base) + 1) * base
    for number, place in enumerate(places):
        ax.axvline(place, zorder=0, label=label if number == 0 else None, **style)
