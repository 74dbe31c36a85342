"""Figures of the quality of one recording, judged."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

# heart rates of adults at rest, per minute, and how far beyond them is red
_HEART, _HEART_RED = (45.0, 110.0), 20.0
# an interval this much longer than those around it holds a beat that was missed
_GAP, _AROUND = 1.6, 9
# step, figure, title, unit, from where amber and red begin; a red below amber means less is worse
_RULES = (
    ("GradientArtifactRemover", "saturated", "saturated channels", "", 1, 3),
    ("GradientArtifactRemover", "residual_at_slices", "left at slice harmonics", "dB", 1.0, 3.0),
    ("GradientArtifactRemover", "residual_at_volumes", "left at volume harmonics", "dB", 3.0, 6.0),
    ("GradientArtifactRemover", "n_volumes_without_marker", "volumes without marker", "", 1, 5),
    ("PulseArtifactRemover", "inps", "pulse artefact, power before / after", "", 1.5, 1.0),
    ("ChannelInterpolator", "bad_channels", "bad channels", "", 3, 6),
    ("ICAArtifactRemover", "n_removed", "components removed", "", 5, 9),
    ("MotionCorrector", "mean_framewise_displacement", "mean displacement", "mm", 0.3, 0.6),
    ("MotionCorrector", "max_framewise_displacement", "largest displacement", "mm", 2.0, 4.0),
    ("MotionCorrector", "tsnr_after", "tSNR", "", 40.0, 20.0),
    ("TemplateNormalizer", "coverage", "template seen", "", 0.95, 0.85),
    ("TemplateNormalizer", "overlap", "overlap with template", "", 0.9, 0.8),
    ("TrialBetas", "inflation", "largest variance inflation of a trial", "", 5.0, 10.0),
    ("TrialBetas", "n_missing", "trials without estimate", "", 1, 5),
    ("Epocher", "n_missing", "epochs lost", "", 5, 15),
)
_NAMES = ("saturated", "bad_channels")


@dataclass(frozen=True)
class Finding:
    """One figure of one recording.

    Parameters
    ----------
    title : str
        What it is.
    value : str
        What was found.
    colour : {"green", "amber", "red", ""}
        How good that is.
    reason : str, default=""
        By what it is judged.
    """

    title: str
    value: str
    colour: str
    reason: str = ""


def judge(value, amber, red):
    """Colour a figure.

    Parameters
    ----------
    value : float
        The figure.
    amber, red : float or None
        From where it is worse; None judges nothing.

    Returns
    -------
    {"green", "amber", "red", ""}
        The colour.
    """
    if amber is None or not np.isfinite(value):
        return ""
    sign = 1 if red > amber else -1
    if sign * value >= sign * red:
        return "red"
    return "amber" if sign * value >= sign * amber else "green"


def judged(title, told, value, amber, red, unit=""):
    """Colour a figure and say by which limits.

    Parameters
    ----------
    title, told : str
        What it is, and what was found.
    value, amber, red : float
        As in `judge`.
    unit : str, default=""
        Of the limits.

    Returns
    -------
    Finding
        The figure.
    """
    side = "from" if red > amber else "at most"
    reason = f"amber {side} {amber:g}, red {side} {red:g} {unit}".strip()
    return Finding(title, told, judge(value, amber, red), reason)


def step_findings(quality):
    """Judge the figures that the steps noted.

    Parameters
    ----------
    quality : dict of str to dict
        Of one recording by step.

    Returns
    -------
    list of Finding
        Of the figures that are there.
    """
    found = []
    for step, key, title, unit, amber, red in _RULES:
        if key not in quality.get(step, {}):
            continue
        value = quality[step][key]
        if key in _NAMES:
            told = f"{len(value)}: {', '.join(value)}" if value else "0"
            found.append(judged(title, told, len(value), amber, red))
            continue
        number = float(np.max(value)) if isinstance(value, list) else float(value)
        told = f"{number:.3g} {unit}".strip()
        found.append(judged(title, told, number, amber, red, unit))
    return found + _heart_findings(quality.get("PulseArtifactRemover", {}))


def _heart_findings(pulse):
    if "beats" not in pulse:
        return []
    low, high = _HEART
    rate = float(pulse["heart_rate"])
    reason = f"amber outside {low:g} to {high:g}, red by {_HEART_RED:g} more"
    colour = judge(max(low - rate, rate - high), 0.0, _HEART_RED)
    n, missed = len(pulse["beats"]), count_missed(pulse["beats"])
    return [
        Finding("heart rate", f"{rate:.3g} per minute", colour, reason),
        judged("missed beats", f"{missed} beside {n}", 100 * missed / max(n, 1), 2, 10, "%"),
    ]


def count_missed(beats):
    """Count the beats that long intervals lack.

    Parameters
    ----------
    beats : array-like of shape (n_beats,)
        Times in s.

    Returns
    -------
    int
        How many beats would fill the intervals up to those around them.
    """
    intervals = pd.Series(np.diff(beats))
    ratio = intervals / intervals.rolling(_AROUND, center=True, min_periods=1).median()
    return int((ratio[ratio > _GAP].round() - 1).sum())


def clock_findings(pair):
    """Judge how triggers and volumes fit.

    Parameters
    ----------
    pair : namedtuple
        A row of the pairs of `load_bids`.

    Returns
    -------
    list of Finding
        None where there is no fit.
    """
    if pd.isna(pair.drift):
        return []
    return [
        Finding("first volume on the clock of the EEG", f"{pair.offset:.3f} s", ""),
        judged("drift of the clocks", f"{pair.drift:+.1f} ppm", abs(pair.drift), 100, 300, "ppm"),
        judged("jitter of triggers", f"{1e3 * pair.jitter:.2f} ms", 1e3 * pair.jitter, 1, 3, "ms"),
        judged("lost triggers", f"{pair.n_lost:.0f}", pair.n_lost, 1, 3),
    ]


def kept_findings(kept, target, names):
    """Tell how many samples of each class are left with all modalities.

    Parameters
    ----------
    kept : ndarray of bool, shape (n_samples,)
        Of one recording.
    target : ndarray of shape (n_samples,)
        Codes of their classes.
    names : sequence of str
        Of the classes.

    Returns
    -------
    list of Finding
        One for each class that there is.
    """
    found = []
    for code in np.unique(target):
        own = kept[target == code]
        told = f"{own.sum()} of {len(own)}"
        share = 100 * float(own.mean())
        found.append(judged(f"kept of {names[int(code)]}", told, share, 90, 70, "%"))
    return found
