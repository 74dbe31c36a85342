"""The recordings and their truth as the public function returns them."""

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from sklearn_neurofuse.containers import Multimodal
from sklearn_neurofuse.datasets._simulation._bids import (
    write_dataset_files,
    write_run,
    written_at_once,
)
from sklearn_neurofuse.datasets._simulation._design import CLASSES, event_table
from sklearn_neurofuse.datasets._simulation._record import eeg_events, open_raw, render_raw
from sklearn_neurofuse.datasets._simulation._scanner import render_bold
from sklearn_neurofuse.datasets._simulation._sources import source_table
from sklearn_neurofuse.datasets._simulation._truth import RunTruth
from sklearn_neurofuse.recordings import BoldRun, Recordings

_DESCR = """\
Simulated simultaneous EEG-fMRI
-------------------------------
{n_trials} trials (faces and houses) in {n_runs} runs of {n_subjects} subjects. Regime: {regime},
class_signal {class_signal:g}. EEG: {n_channels} channels at {sfreq:g} Hz with all that a scanner
does to it. BOLD: {n_volumes} volumes of {shape} voxels every {t_r:g} s. What was planted stands
in `truth`; see the documentation of simulate_eeg_fmri.
"""


def render_all(runs, effects, accuracies, write_bids):
    """Render every run and put them together.

    Parameters
    ----------
    runs : list of RunPlan
        What to render.
    effects : dict of str to float
        Class effects in the latents.
    accuracies : DataFrame
        The best possible accuracy of every run.
    write_bids : pathlib.Path or None
        Folder to write to; the recordings are then files.

    Returns
    -------
    Bunch
        As documented in `simulate_eeg_fmri`.
    """
    if write_bids is None:
        rendered = [(render_raw(run), render_bold(run)) for run in runs]
    else:
        rendered = _write(runs, write_bids)
    data = _as_bunch(runs, *zip(*rendered, strict=True))
    data.truth.update(bayes_accuracy=accuracies, class_effect=effects)
    return data


def _write(runs, folder):
    """Write one run after the other, so that only one is in memory."""
    with written_at_once(folder) as draft:
        write_dataset_files(draft, runs)
        paths = [write_run(draft, run, render_raw(run), render_bold(run)) for run in runs]
    return [
        (open_raw(run, folder / header), str(folder / image))
        for run, (header, image) in zip(runs, paths, strict=True)
    ]


def _as_bunch(runs, raws, imgs):
    tables = [event_table(run.trials) for run in runs]
    samples = [(n, row) for n, (_, rows) in enumerate(tables) for row in rows.tolist()]
    bolds = [_bold_run(run, img) for run, img in zip(runs, imgs, strict=True)]
    known = {
        "samples": samples,
        "subject": [run.subject.name for run in runs],
        "session": [f"{run.key[1] + 1:02d}" for run in runs],
        "run": [f"{run.key[2] + 1:02d}" for run in runs],
        "site": [run.subject.site for run in runs],
    }
    eeg_tables = [eeg_events(run) for run in runs]
    bold_tables = [events for events, _ in tables]
    trials = _all_trials(runs)
    return Bunch(
        X=Multimodal(
            fmri=Recordings(bolds, bold_tables, partner=raws, **known),
            eeg=Recordings(raws, eeg_tables, partner=bolds, **known),
        ),
        target=trials["target"].to_numpy(),
        target_names=list(CLASSES),
        groups=trials["subject"].to_numpy(dtype=str),
        events={"fmri": bold_tables, "eeg": eeg_tables},
        truth=Bunch(
            runs=[RunTruth(run) for run in runs],
            trials=trials,
            sources=source_table(),
        ),
        DESCR=_describe(runs, trials),
    )


def _bold_run(run, img):
    scan = run.settings.scan
    return BoldRun(
        img,
        t_r=run.settings.t_r,
        slice_times=run.timing.slice_times,
        n_dummy=scan.n_dummy if scan.keep_dummies else 0,
    )


def _all_trials(runs):
    tables = []
    for run in runs:
        table = run.trials.copy()
        table.insert(0, "subject", run.subject.name)
        table.insert(1, "session", run.key[1] + 1)
        table.insert(2, "run", run.key[2] + 1)
        table.insert(3, "site", run.subject.site)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _describe(runs, trials):
    settings = runs[0].settings
    return _DESCR.format(
        n_trials=len(trials),
        n_runs=len(runs),
        n_subjects=settings.n_subjects,
        regime=settings.regime,
        class_signal=settings.class_signal,
        n_channels=len(settings.channels),
        sfreq=settings.sfreq,
        n_volumes=settings.n_volumes,
        shape="x".join(str(size) for size in np.array(settings.shape)),
        t_r=settings.t_r,
    )
