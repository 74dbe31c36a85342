"""The plans of all runs: who, when, what; nothing is rendered here."""

from dataclasses import replace

import numpy as np
import pandas as pd

from sklearn_neurofuse.datasets._simulation._anatomy import MIDDLE
from sklearn_neurofuse.datasets._simulation._design import draw_signs, draw_trials
from sklearn_neurofuse.datasets._simulation._haemodynamics import DT, LENGTH
from sklearn_neurofuse.datasets._simulation._motion import given_motion, make_motion
from sklearn_neurofuse.datasets._simulation._oracle import (
    accuracies,
    calibrated_effects,
    run_information,
)
from sklearn_neurofuse.datasets._simulation._physiology import make_physiology
from sklearn_neurofuse.datasets._simulation._random import slow_process, stream
from sklearn_neurofuse.datasets._simulation._settings import RunPlan
from sklearn_neurofuse.datasets._simulation._subject import make_subject
from sklearn_neurofuse.datasets._simulation._timing import make_triggers

# the neck, which the head turns about, relative to the middle of the field of view
_NECK = MIDDLE + np.array([0.0, -10.0, -60.0])
_AROUSAL_TIME = 12.0
_ALPHA_TIME = 4.0
_ALPHA_SPREAD = 0.45
_ALPHA_AROUSAL = 0.3
# share of the trials that may be lost without harm to a class
_LOST_ANYWAY = 0.02
# people over whom the difficulty is averaged
_N_CALIBRATING = 3


def plan_runs(settings, seed):
    """Plan every run.

    Parameters
    ----------
    settings : Settings
        What was asked for.
    seed : int
        Seed of the data set.

    Returns
    -------
    runs : list of RunPlan
        With latents.
    effects : dict of str to float
        Distance between the classes in each modality's latent, in its standard deviations, half.
    table : DataFrame
        The best possible accuracy of every run.
    """
    subjects = [make_subject(seed, number, settings) for number in range(settings.n_subjects)]
    runs = [
        _plan_run(settings, seed, subjects[key[0]], number, key)
        for number, key in enumerate(settings.runs)
    ]
    known = [run_information(run) for run in runs]
    # over the first people alone, so that more of them change nothing for these
    few = known[: _N_CALIBRATING * settings.n_sessions * settings.n_runs]
    wanted = {name: settings.design.accuracy(name) for name in ("eeg", "fmri")}
    effects = calibrated_effects(wanted, few)
    effects = {name: settings.class_signal * effect for name, effect in effects.items()}
    runs = [_with_latents(run, effects) for run in runs]
    return runs, effects, _bayes_table(runs, known, effects)


def _plan_run(settings, seed, subject, number, key):
    timing = settings.timing
    heart = None if settings.heart is None else settings.heart[number % len(settings.heart)]
    rate = subject.heart_rate * np.exp(0.03 * stream(seed, "run heart", *key).standard_normal())
    physiology = make_physiology(
        stream(seed, "physiology", *key), timing.start - LENGTH, timing.stop, rate,
        settings.heart_options, heart,
    )  # fmt: skip
    trials = draw_trials(
        stream(seed, "trials", *key), timing, settings.design, settings.controls,
        subject.proportion,
    )  # fmt: skip
    state = _state(stream(seed, "state", *key), timing, settings.design.arousal)
    trials["arousal"] = np.interp(trials["onset"], state["time"], state["arousal"])
    trials["eeg_missing"] = _missing(stream(seed, "missing", *key), trials, settings.controls)
    return RunPlan(
        settings,
        seed,
        subject,
        number,
        key,
        trials,
        physiology,
        _motion(settings, seed, number, key, trials, physiology),
        state,
        make_triggers(stream(seed, "triggers", *key), timing, settings.sfreq),
    )


def _motion(settings, seed, number, key, trials, physiology):
    size = settings.controls.motion_by_class
    nods = trials.loc[trials["target"] == 1, "onset"].to_numpy() if size > 0 else ()
    if settings.motion is not None:
        trace = settings.motion[number % len(settings.motion)]
        return given_motion(trace, settings.timing, _NECK, nods, size)
    return make_motion(
        stream(seed, "motion", *key), settings.timing, physiology, settings.head_motion,
        _NECK, nods, size,
    )  # fmt: skip


def _state(rng, timing, strength):
    """Draw arousal and the amplitude of alpha, from before the scan on."""
    times = np.arange(timing.start - LENGTH, timing.stop + 2.0, DT)
    arousal = strength * slow_process(rng, len(times), DT, _AROUSAL_TIME)
    own = slow_process(rng, len(times), DT, _ALPHA_TIME)
    alpha = _ALPHA_SPREAD * own - _ALPHA_AROUSAL * arousal
    return pd.DataFrame({"time": times, "arousal": arousal, "alpha": alpha})


def _missing(rng, trials, controls):
    share = controls.missing_by_class
    if share == 0:
        return np.zeros(len(trials), dtype=bool)
    chance = np.where(trials["target"] == 1, share, share * _LOST_ANYWAY)
    return rng.random(len(trials)) < chance


def _with_latents(run, effects):
    """Add signs and latents: the class effect and the variation from trial to trial."""
    trials = run.trials.copy()
    rng = stream(run.seed, "latents", *run.key)
    signs = draw_signs(rng, trials["target"], run.settings.regime)
    spread = rng.standard_normal((len(trials), 2))
    for number, name in enumerate(("eeg", "fmri")):
        trials[f"sign_{name}"] = signs[:, number]
        trials[f"z_{name}"] = effects[name] * signs[:, number] + spread[:, number]
    return replace(run, trials=trials)


def _bayes_table(runs, known, effects):
    return pd.DataFrame(
        [
            {
                "subject": run.subject.name,
                "session": run.key[1] + 1,
                "run": run.key[2] + 1,
                **accuracies(information, run.settings.regime, effects),
            }
            for run, information in zip(runs, known, strict=True)
        ]
    )
