"""The task: when trials come, what they are, and the latents behind their responses."""

import numpy as np
import pandas as pd

CLASSES = ("house", "face")
DURATION = 0.5
_FIRST, _LAST = 2.0, 8.0


def draw_trials(rng, timing, design, controls, proportion):
    """Draw the trials of one run.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    timing : ScanTiming
        The scan.
    design : Design
        Options of the task.
    controls : Controls
        Whether labels come in blocks.
    proportion : float
        Of the trials that are of class 1.

    Returns
    -------
    DataFrame
        One row a trial: ``onset`` in s on the scanner's clock, ``target``, ``response_time``
        (NaN without a press).

    Raises
    ------
    ValueError
        If the run is too short for a trial of each class.
    """
    first = _FIRST + (timing.scan.n_dummy * timing.t_r if timing.scan.keep_dummies else 0.0)
    last = timing.duration - _LAST
    n_most = int(max(last - first, 0) / design.isi[0]) + 1
    onsets = first + np.concatenate([[0.0], np.cumsum(rng.uniform(*design.isi, n_most))])
    onsets = onsets[onsets <= last]
    if len(onsets) < 2:
        raise ValueError(
            f"simulate_eeg_fmri: n_volumes * t_r must be at least "
            f"{first + _LAST + design.isi[1]:g} s for two trials, got {timing.duration:g} s"
        )
    target = _labels(rng, len(onsets), proportion, controls.blocked_labels)
    reaction = 0.45 + rng.gamma(4.0, 0.05, len(onsets))
    reaction[rng.random(len(onsets)) >= design.button] = np.nan
    return pd.DataFrame({"onset": onsets, "target": target, "response_time": reaction})


def _labels(rng, n_trials, proportion, blocked):
    """Both classes stand in every run, in random order or one after the other."""
    n_ones = int(np.clip(np.rint(proportion * n_trials), 1, n_trials - 1))
    labels = (np.arange(n_trials) < n_ones).astype(int)
    if blocked:
        return labels if rng.random() < 0.5 else labels[::-1].copy()
    return rng.permutation(labels)


def draw_signs(rng, target, regime):
    """Draw the sign of each modality's latent, ndarray of shape (n_trials, 2): EEG and fMRI.

    It is the class where the regime says so and a coin toss elsewhere; in a conjunction the
    product of the two is the class.
    """
    sign = 2 * np.asarray(target) - 1
    coin = rng.choice([-1, 1], (len(sign), 2))
    return {
        "eeg": np.stack([sign, coin[:, 1]], axis=1),
        "fmri": np.stack([coin[:, 0], sign], axis=1),
        "both": np.stack([sign, sign], axis=1),
        "conjunction": np.stack([coin[:, 0], coin[:, 0] * sign], axis=1),
    }[regime]


def event_table(trials):
    """List trials and presses in the order of time.

    Parameters
    ----------
    trials : DataFrame
        From `draw_trials`.

    Returns
    -------
    events : DataFrame
        Columns ``onset``, ``duration`` and ``response_time`` in s, ``trial_type``.
    rows : ndarray of int of shape (n_trials,)
        The row of each trial.
    """
    stimuli = pd.DataFrame(
        {
            "onset": trials["onset"],
            "duration": DURATION,
            "trial_type": [CLASSES[target] for target in trials["target"]],
            "response_time": trials["response_time"],
            "trial": np.arange(len(trials)),
        }
    )
    pressed = trials.dropna(subset=["response_time"])
    presses = pd.DataFrame(
        {
            "onset": pressed["onset"] + pressed["response_time"],
            "duration": 0.0,
            "trial_type": "button",
            "response_time": np.nan,
            "trial": -1,
        }
    )
    events = pd.concat([stimuli, presses]).sort_values("onset", kind="stable", ignore_index=True)
    is_trial = events["trial"].to_numpy() >= 0
    return events.drop(columns="trial"), np.flatnonzero(is_trial)
