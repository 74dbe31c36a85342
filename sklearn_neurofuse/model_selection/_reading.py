"""What the steps of a model that read recordings bring to light: missing samples, confounds."""

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from sklearn_neurofuse.compose import ModalityTransformer
from sklearn_neurofuse.containers import Multimodal
from sklearn_neurofuse.model_selection._samples import recordings_of
from sklearn_neurofuse.recordings import RecordingTransformer, SampleExtractor

# s around an onset in which an eye blink, and movement of the head, are looked for
_EYES, _HEAD = (-0.2, 0.8), (-1.0, 6.0)
_DISPLACEMENT = "framewise_displacement"


def reading_steps(estimator, X):
    """Give the steps of a model that work on recordings, by modality.

    Parameters
    ----------
    estimator : estimator
        A model, whose first steps read recordings.
    X : object
        The samples.

    Returns
    -------
    dict of str to list of estimator
        Of each modality that lies in recordings; empty lists where the model has no such steps.
    """
    lying = recordings_of(X)
    # what a search or a tuned threshold is wrapped around
    while not isinstance(estimator, Pipeline) and hasattr(estimator, "estimator"):
        estimator = estimator.estimator
    steps = [step for _, step in estimator.steps] if isinstance(estimator, Pipeline) else []
    if not isinstance(X, Multimodal):
        return {name: _leading(steps) for name in lying}
    found = {name: [] for name in lying}
    for step in steps:
        if not isinstance(step, ModalityTransformer):
            break
        for name, transformer in step.transformers:
            if name in found and not any(isinstance(s, SampleExtractor) for s in found[name]):
                found[name] += _leading(_unfolded(transformer))
    return found


def _unfolded(transformer):
    if isinstance(transformer, Pipeline):
        return [part for _, step in transformer.steps for part in _unfolded(step)]
    return [transformer]


def _leading(steps):
    found = []
    for step in steps:
        if not isinstance(step, (RecordingTransformer, SampleExtractor)):
            break
        found.append(step)
    return found


def extracted(steps, X):
    """Extract the samples as the model does, to see which of them are missing.

    Parameters
    ----------
    steps : dict of str to list of estimator
        As `reading_steps` gives them.
    X : Multimodal or Recordings
        The samples.

    Returns
    -------
    Multimodal or None
        Arrays in place of recordings; None where the model does not say how.
    """
    blocks = {}
    for name, block in recordings_of(X).items():
        if not steps[name] or not isinstance(steps[name][-1], SampleExtractor):
            return None
        blocks[name] = _through(steps[name], block)
    return X.replace(**blocks) if isinstance(X, Multimodal) else Multimodal(**blocks)


def _through(steps, block):
    for step in steps:
        block = clone(step).fit(block).transform(block)
    return block


def measured_confounds(steps, X):
    """Measure at each trial what is known to go along with signals.

    Parameters
    ----------
    steps : dict of str to list of estimator
        As `reading_steps` gives them.
    X : Multimodal or Recordings
        The samples.

    Returns
    -------
    DataFrame
        Where the recordings know it: ``motion``, mean framewise displacement in mm from 1 s before
        to 6 s after the onset; ``eye movement``, range of the EOG in V from .2 s before to .8 s
        after it; ``rejected``, the share of that time that is annotated as bad.
    """
    columns = {}
    for name, block in recordings_of(X).items():
        if not block.per_event:
            continue
        chain = [step for step in steps[name] if isinstance(step, RecordingTransformer)]
        for title, values in _of_recordings(_through(chain, block)).items():
            columns.setdefault(title, values)
    return pd.DataFrame(columns)


def _of_recordings(block):
    """Measure the trials of each recording in turn, so that one is in memory."""
    onsets = block.table["onset"].to_numpy(float)
    columns = {}
    for number in np.unique(block.recording[block.present]):
        rows = np.flatnonzero(block.recording == number)
        loaded = block.load(int(rows[0]))
        measure = _of_raw if hasattr(loaded, "annotations") else _of_bold
        for title, values in measure(loaded, onsets[rows]).items():
            columns.setdefault(title, np.full(len(block), np.nan))[rows] = values
    return columns


def _of_bold(run, onsets):
    if run.confounds is None or _DISPLACEMENT not in run.confounds:
        return {}
    moved, times = run.confounds[_DISPLACEMENT].to_numpy(float), run.volume_times
    return {"motion": np.array([_mean_between(moved, times, onset) for onset in onsets])}


def _mean_between(values, times, onset):
    inside = values[(times >= onset + _HEAD[0]) & (times <= onset + _HEAD[1])]
    inside = inside[~np.isnan(inside)]
    return inside.mean() if len(inside) else np.nan


def _of_raw(raw, onsets):
    """Measure eye movement and what is marked as bad around each onset."""
    windows = [(onset + _EYES[0], onset + _EYES[1]) for onset in onsets]
    found = {"rejected": np.array([_bad_share(raw, *window) for window in windows])}
    channels = [i for i, kind in enumerate(raw.get_channel_types()) if kind == "eog"]
    if channels:
        traces = raw.get_data(picks=channels)
        found["eye movement"] = np.array([_range(traces, raw.times, *w) for w in windows])
    return found


def _range(traces, times, start, stop):
    inside = traces[:, (times >= start) & (times <= stop)]
    return np.ptp(inside, axis=1).max() if inside.shape[1] else np.nan


def _bad_share(raw, start, stop):
    share = 0.0
    for annotation in raw.annotations:
        if annotation["description"].upper().startswith("BAD"):
            # annotations count from the measurement date where there is one, signals from 0
            onset = annotation["onset"] - (raw.first_time if raw.annotations.orig_time else 0.0)
            overlap = min(stop, onset + annotation["duration"]) - max(start, onset)
            share += max(0.0, overlap) / (stop - start)
    return min(share, 1.0)
