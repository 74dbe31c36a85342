"""The EEG as the amplifier writes it: all parts summed, brought to the full rate, quantised."""

from collections.abc import Mapping

import mne
import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

from sklearn_neurofuse.datasets._simulation import _body_eeg as body
from sklearn_neurofuse.datasets._simulation import _brain_eeg as brain
from sklearn_neurofuse.datasets._simulation._base import render_base_eeg
from sklearn_neurofuse.datasets._simulation._design import event_table
from sklearn_neurofuse.datasets._simulation._gradient import GradientArtifact
from sklearn_neurofuse.datasets._simulation._leadfield import standard_montage

# parts made at the slow rate
SLOW_PARTS = {
    "evoked": brain.render_evoked,
    "background": brain.render_background,
    "alpha": brain.render_alpha,
    "ocular": body.render_ocular,
    "muscle": body.render_muscle,
    "line": body.render_line,
    "pump": body.render_pump,
    "pulse": body.render_pulse,
    "motion": body.render_motion,
    "bad_channels": body.render_bad_channels,
    "sensor": body.render_sensor,
    "ecg": body.render_ecg,
}
BRAIN_PARTS = ("base", "evoked", "background", "alpha")
VOLUME_MARK = "Response/R128"
_ROWS = 4


def part_names(run):
    """List the parts that are in a run's EEG."""
    names = [name for name in SLOW_PARTS if getattr(run.settings.eeg, name).strength > 0]
    if run.settings.controls.blink_by_class > 0 and "ocular" not in names:
        names.append("ocular")
    if run.settings.eeg.gradient.strength > 0:
        names.append("gradient")
    return (["base"] if run.base("base_eeg") is not None else []) + names


def _render_slow(run, names):
    total = np.zeros((len(run.settings.row_names), run.rates.n_times), dtype=np.float32)
    for name in names:
        total += render_base_eeg(run) if name == "base" else SLOW_PARTS[name](run)
    return total


def _to_full_rate(slow, rates):
    """Bring rows to the full rate by zero-padding their spectrum; the padding fades out."""
    length = next_fast_len(slow.shape[1], real=True)
    fade = np.ones(slow.shape[1], dtype=np.float32)
    ramp = np.sin(np.linspace(0, np.pi / 2, rates.n_pad // 2)) ** 2
    fade[: len(ramp)], fade[-len(ramp) :] = ramp, ramp[::-1]
    first = rates.n_pad * rates.factor
    if rates.factor == 1:
        return slow[:, first : first + rates.n_full]
    spectrum = rfft(slow * fade, length, axis=1)
    # the component at half the slow rate has no place of its own at the full one
    spectrum[:, length // 2 :] = 0
    full = irfft(spectrum, length * rates.factor, axis=1) * rates.factor
    return full[:, first : first + rates.n_full]


def _blocks(n_rows):
    return [slice(start, min(start + _ROWS, n_rows)) for start in range(0, n_rows, _ROWS)]


def render_parts(run, names, dtype=np.float32):
    """Give the sum of some parts at the full rate.

    Parameters
    ----------
    run : RunPlan
        The run.
    names : sequence of str
        Which parts.
    dtype : dtype, default=float32
        Of the result.

    Returns
    -------
    ndarray of shape (n_rows, n_times)
        In V.
    """
    slow = _render_slow(run, [name for name in names if name != "gradient"])
    data = np.empty((len(slow), run.rates.n_full), dtype=dtype)
    # a few rows at a time, so that one copy at the full rate is all there is
    for rows in _blocks(len(slow)):
        data[rows] = _to_full_rate(slow[rows], run.rates)
    if "gradient" in names:
        GradientArtifact(run).add_to(data)
    return data


def quantise(data, amplifier):
    """Cut at the amplifier's range and round to its resolution, in place."""
    if amplifier.strength > 0:
        np.clip(data, -amplifier.saturation, amplifier.saturation, out=data)
        data /= amplifier.resolution
        np.rint(data, out=data)
        data *= amplifier.resolution
    return data


def render_raw(run):
    """Give the recording of one run.

    Parameters
    ----------
    run : RunPlan
        The run.

    Returns
    -------
    mne.io.RawArray
        In V, with markers of volumes, trials, presses and bad stretches as annotations.
    """
    data = quantise(render_parts(run, part_names(run), np.float64), run.settings.eeg.amplifier)
    info = mne.create_info(run.settings.row_names, run.settings.sfreq, "eeg")
    return _described(run, mne.io.RawArray(data, info, copy="info", verbose="error"))


def open_raw(run, path):
    """Open what was written of a run; the values stay on disk.

    Parameters
    ----------
    run : RunPlan
        The run.
    path : path-like
        The header of its BrainVision files.

    Returns
    -------
    mne.io.Raw
        As from `render_raw`.
    """
    return _described(run, mne.io.read_raw_brainvision(path, verbose="error"))


def _described(run, raw):
    """Add what a bare recording does not tell: kinds and places of channels, markers."""
    raw.set_channel_types({"EOG": "eog", "ECG": "ecg"}, verbose="error")
    raw.info["line_freq"] = float(run.settings.eeg.line.frequency)
    raw.set_montage(standard_montage(), on_missing="ignore", verbose="error")
    raw.set_annotations(_annotations(run))
    return raw


def eeg_events(run):
    """Give all events on the clock of the EEG, in s from its start."""
    events, _ = event_table(run.trials)
    return events.assign(onset=run.timing.to_eeg(events["onset"].to_numpy()))


def _annotations(run):
    events = eeg_events(run)
    marks = run.triggers.onsets
    onset = np.concatenate([marks, events["onset"]])
    duration = np.concatenate([np.zeros(len(marks)), events["duration"]])
    description = [VOLUME_MARK] * len(marks) + list(events["trial_type"])
    lost = run.timing.to_eeg(run.trials.loc[run.trials["eeg_missing"], "onset"].to_numpy())
    return mne.Annotations(
        np.concatenate([onset, lost - 0.2]),
        np.concatenate([duration, np.full(len(lost), 1.0)]),
        [*description, *["BAD_dropout"] * len(lost)],
    )


class EEGParts(Mapping):
    """The parts of a run's EEG by name, each rendered when it is asked for.

    Their sum is the recording, up to quantisation and saturation.

    Parameters
    ----------
    run : RunPlan
        The run.
    """

    def __init__(self, run):
        self._run = run

    def __getitem__(self, name):
        if name not in part_names(self._run):
            raise KeyError(name)
        return render_parts(self._run, [name])

    def __iter__(self):
        return iter(part_names(self._run))

    def __len__(self):
        return len(part_names(self._run))

    def __repr__(self):
        return f"EEGParts({', '.join(self)})"

    def brain(self):
        """Give the clean EEG: what comes from the brain, in V, of shape (n_rows, n_times)."""
        run = self._run
        return render_parts(run, [name for name in part_names(run) if name in BRAIN_PARTS])
