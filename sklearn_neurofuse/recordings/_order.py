"""The order of steps, which is part of the domain."""

import warnings


def check_order(step, recordings, already_done):
    """Check that a step may follow what was done to recordings.

    Parameters
    ----------
    step : RecordingTransformer or SampleExtractor
        The step to add.
    recordings : sequence of Recording
        The recordings, with what was done before and the steps that wait.
    already_done : {"raise", "skip"}
        What happens where a recording had this done before.

    Returns
    -------
    list of bool
        For each recording, False where the step is to be skipped.

    Raises
    ------
    ValueError
        If the step may not stand here; the message holds the remedy.
    """
    warned = {}
    wanted = [_may_follow(step, recording, already_done, warned) for recording in recordings]
    for effect, (first, n_more) in warned.items():
        others = f" (and {n_more} more)" if n_more else ""
        warnings.warn(
            f"{type(step).__name__}: {first}{others}; {step.warns_after[effect]}", stacklevel=4
        )
    return wanted


def _may_follow(step, recording, already_done, warned):
    name = type(step).__name__
    repeated = sorted(set(step.adds) & set(recording.done))
    if repeated:
        if already_done == "skip":
            return False
        raise ValueError(
            f"{name}: {recording.title} is already {', '.join(repeated)}; leave the step out, or "
            'use set_config(already_done="skip")'
        )
    before = dict.fromkeys(recording.done, "before the recording came here")
    for earlier in recording.steps:
        before.update(dict.fromkeys(earlier.adds, f"by {type(earlier).__name__}"))
    for effect, remedy in step.refuses_after.items():
        if effect in before:
            raise ValueError(f"{name}: {recording.title} is {effect} {before[effect]}; {remedy}")
    for effect in step.warns_after:
        if effect in before:
            first, n = warned.get(effect, (f"{recording.title} is {effect} {before[effect]}", -1))
            warned[effect] = first, n + 1
    return True
