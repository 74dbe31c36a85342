"""`load_bids`: a folder of simultaneous EEG-fMRI as samples and labels."""

import warnings

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from sklearn_neurofuse._validation import check_choice, check_number, nearest
from sklearn_neurofuse.containers import Multimodal
from sklearn_neurofuse.datasets._bids._bold import Derivatives
from sklearn_neurofuse.datasets._bids._files import (
    BOLD_SUFFIXES,
    EEG_SUFFIXES,
    OWNER,
    as_text,
    check_root,
    find_runs,
    list_tasks,
    read_participants,
)
from sklearn_neurofuse.datasets._bids._pairs import pair_files
from sklearn_neurofuse.datasets._bids._runs import Options, describe_runs, read_run
from sklearn_neurofuse.exceptions import MissingSamplesWarning
from sklearn_neurofuse.recordings import Recordings, get_config

_DESCR = """\
{name}
{line}
Task {task} of the BIDS dataset {root}: {n_samples} samples of {n_groups} subjects in {n_runs} runs,
{n_both} of them with EEG and fMRI. Classes: {classes}. What was paired stands in `pairs`, what was
left out and why in `left_out`.
"""


def load_bids(
    root,
    task,
    *,
    target="trial_type",
    level="trial",
    classes=None,
    subjects=None,
    eeg_events=None,
    channel_types=None,
    trigger=None,
    tolerance=1e-3,
    n_dummy=0,
    derivatives=None,
    space=None,
):
    """Load simultaneous EEG-fMRI from a BIDS dataset, both on one clock.

    Pairs the runs of ``eeg/`` and ``func/`` and ties their clocks: the volume triggers in the EEG
    are fitted robustly to the repetition time, with an offset and a drift. Nothing is read but
    headers, events and markers.

    Parameters
    ----------
    root : path-like
        The dataset [1]_.
    task : str
        The task, as in ``task-<task>``.
    target : str, default="trial_type"
        What is to be told: a column of the event tables, or with ``level="subject"`` of
        ``participants.tsv``.
    level : {"trial", "subject"}, default="trial"
        Whether samples are events, or whole runs labelled by their subject.
    classes : sequence of str, default=None
        Values of `target` to keep, in the order of their numbers; None keeps all, sorted (by value
        where all are numbers).
    subjects : sequence of str, default=None
        Labels of the subjects to load; None loads all.
    eeg_events : dict of str to str, default=None
        Names of events for markers of the EEG, such as ``{"S  2": "rest"}``. They are the events
        where ``func/`` has none, and are checked against them where it has.
    channel_types : dict of str to str, default=None
        Kinds of EEG channels that neither ``channels.tsv`` nor their names tell, such as
        ``{"32": "ecg"}``, in MNE's words.
    trigger : str, default=None
        Name of the volume trigger, or its last part, such as ``"S  9"``; the recordings then
        call it ``Volume/...``, so that every step knows it. None knows the usual ones, such as
        ``R128`` or ``Volume``.
    tolerance : float, default=0.001
        Jitter of the triggers, in s, allowed beyond one sample.
    n_dummy : int, default=0
        Volumes at the start of each image that are not in steady state.
    derivatives : path-like, default=None
        Folder of fMRIPrep's results [2]_, taken in place of the raw images with their confounds;
        what was done to them stands on the runs.
    space : str, default=None
        Which of fMRIPrep's spaces, such as ``"MNI152NLin2009cAsym"`` or, where there are several
        resolutions, ``"MNI152NLin2009cAsym:res-2"``; None where there is one.

    Returns
    -------
    Bunch
        With the attributes

        X : Multimodal
            ``fmri`` and ``eeg``, `Recordings` with one sample for each trial or run; each
            recording's partner is the other one of the same run. A modality that no run has is
            left out, one that a run lacks is missing in its samples.
        target : ndarray of int of shape (n_samples,)
            The class.
        target_names : list of str
            Names of the classes.
        groups : ndarray of str of shape (n_samples,)
            The subject.
        events : dict of str to list of DataFrame
            For each modality the events of each run on its own clock, in s.
        pairs : DataFrame
            One row for each run: files, number of triggers, lost ones, those before and after
            the image, ``offset`` in s, ``drift`` in ppm, ``jitter`` in s, lag of the
            events in s, and notes.
        left_out : DataFrame
            Columns ``what`` and ``why``.
        participants : DataFrame
            ``participants.tsv``, indexed by subject.
        DESCR : str
            Description of the data set.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If the folder is no BIDS dataset or has no such task, fewer than two classes remain, or a
        run cannot be used: an unreadable file, no or too few triggers, two alignments that fit
        equally well, too large a jitter, or events that disagree.

    Notes
    -----
    Under ``set_config(on_error="missing")`` a modality that cannot be used is missing in that
    run, with a warning that says why, and the rest is loaded.

    Lost triggers, triggers of slices, other scans in the same file and volumes that the sidecar
    says were discarded are resolved. A trigger too many or too few at either end could be the first
    or the last: events that both modalities have decide, and where there are none the run is
    refused.

    Slice times are those of the slices in the order of the image, also where the sidecar's
    ``SliceEncodingDirection`` ends with a minus. Where slices lie along another axis than the
    third, the run has no slice times, only the mean of them as its ``slice_time_ref``, and
    ``pairs["notes"]`` tells what to give `SliceTimingCorrector`.

    References
    ----------
    .. [1] Gorgolewski, K. J., et al. (2016). The brain imaging data structure, a format for
       organizing and describing outputs of neuroimaging experiments. Scientific Data, 3, 160044.
       doi:10.1038/sdata.2016.44
    .. [2] Esteban, O., et al. (2019). fMRIPrep: a robust preprocessing pipeline for functional
       MRI. Nature Methods, 16(1), 111-116. doi:10.1038/s41592-018-0235-4

    Examples
    --------
    >>> from sklearn_neurofuse.datasets import load_bids
    >>> data = load_bids("ds002336", task="eegfmriNF")  # doctest: +SKIP
    >>> data.pairs[["subject", "drift", "jitter"]]  # doctest: +SKIP
    """
    check_choice(OWNER, "level", level, ("trial", "subject"))
    check_number(OWNER, "tolerance", tolerance, low=0, unit="s")
    check_number(OWNER, "n_dummy", n_dummy, low=0, integer=True)
    root = check_root(root)
    options = Options(
        root,
        derivatives=None if derivatives is None else Derivatives(derivatives, task, space),
        eeg_events=eeg_events,
        channel_types=channel_types,
        trigger=trigger,
        tolerance=tolerance,
        n_dummy=n_dummy,
        on_error=get_config()["on_error"],
    )
    classes = None if classes is None else [as_text(name) for name in classes]
    pairs, left_out = _find_pairs(root, task, subjects)
    runs = [read_run(pair, options) for pair in pairs]
    participants = read_participants(root)
    label = _label_trials if level == "trial" else _label_subjects
    return _as_bunch(
        root, task, runs, left_out, participants, *label(runs, participants, target, classes)
    )


def _find_pairs(root, task, subjects):
    subjects = None if subjects is None else [str(label).removeprefix("sub-") for label in subjects]
    there = {path.name.removeprefix("sub-") for path in root.glob("sub-*") if path.is_dir()}
    for label in subjects or ():
        if label not in there:
            raise ValueError(
                f"{OWNER}: subjects must be among {', '.join(sorted(there))}, "
                f"got {label!r}{nearest(label, there)}"
            )
    eeg = find_runs(root, "eeg", "eeg", EEG_SUFFIXES, task, subjects)
    bold = find_runs(root, "func", "bold", BOLD_SUFFIXES, task, subjects)
    if not eeg and not bold:
        tasks = list_tasks(root)
        raise ValueError(
            f"{OWNER}: task must be one of {', '.join(tasks) or 'none that there is'}, "
            f"got {task!r}{nearest(task, tasks)}"
        )
    return pair_files(eeg, bold)


def _label_trials(runs, participants, target, classes):
    """List (run, row, label) of each trial that has a label, and what has none."""
    tables = [run.events["bold"] for run in runs if run.events.get("bold") is not None]
    known = list(dict.fromkeys(column for table in tables for column in table))
    if tables and target not in known:
        raise ValueError(
            f"{OWNER}: target must be a column of the events, which have {', '.join(known)}; "
            f"got {target!r}{nearest(target, known)}"
        )
    values = [table[target].dropna().map(as_text) for table in tables if target in table]
    _refuse_unknown(classes, {label for each in values for label in each}, target)
    found, left_out = [], []
    for number, run in enumerate(runs):
        table = run.events.get("bold")
        if table is None or target not in table:
            why = "it has no events" if table is None else f"its events have no column {target}"
            left_out.append((run.pair.title, why))
            continue
        labels = table[target].map(as_text, na_action="ignore")
        rows = np.flatnonzero(labels.notna() & (classes is None or labels.isin(classes or ())))
        found += [(number, int(row), labels.iloc[row]) for row in rows]
        if rows.size == 0:
            left_out.append((run.pair.title, f"no event has a {target} that was asked for"))
    return found, classes, left_out, target


def _refuse_unknown(classes, known, target):
    for name in classes or ():
        if known and name not in known:
            raise ValueError(
                f"{OWNER}: classes must be values of {target}, which are "
                f"{', '.join(sorted(known))}; got {name!r}{nearest(name, known)}"
            )


def _label_subjects(runs, participants, target, classes):
    """List (run, -1, label) of each run whose subject has a label, and those that have none."""
    if target not in participants:
        raise ValueError(
            f"{OWNER}: target must be a column of participants.tsv, which has "
            f"{', '.join(map(str, participants.columns)) or 'none'}; got {target!r}"
        )
    labels = participants[target].dropna().map(as_text)
    _refuse_unknown(classes, set(labels), target)
    found, left_out = [], []
    for number, run in enumerate(runs):
        subject = run.pair.key[0]
        label = labels.get(subject)
        if label is None or (classes is not None and label not in classes):
            left_out.append((run.pair.title, f"its subject has no {target} that was asked for"))
        elif run.raw is None and run.bold is None:
            left_out.append((run.pair.title, "none of its recordings can be used"))
        else:
            found.append((number, -1, label))
    return found, classes, left_out, target


def _as_bunch(root, task, runs, left_out, participants, found, classes, unlabelled, target):
    labels = pd.Series([label for _, _, label in found], dtype=object)
    names = _in_order(set(labels)) if classes is None else list(classes)
    _check_classes(names, labels, target)
    kept = sorted({number for number, _, _ in found})
    position = {number: new for new, number in enumerate(kept)}
    samples = [(position[number], row) for number, row, _ in found]
    used = [runs[number] for number in kept]
    whole = bool(samples) and samples[0][1] < 0
    X = _recordings(used, samples, participants, whole)
    groups = np.array([runs[number].pair.key[0] for number, _, _ in found], dtype=str)
    name = root.name
    left_out = [*left_out, *unlabelled]
    return Bunch(
        X=X,
        target=labels.map({label: code for code, label in enumerate(names)}).to_numpy(dtype=int),
        target_names=names,
        groups=groups,
        events={
            name: [run.events.get(key) for run in used]
            for name, key in (("fmri", "bold"), ("eeg", "eeg"))
            if name in X
        },
        pairs=describe_runs(runs),
        left_out=pd.DataFrame(left_out, columns=["what", "why"]),
        participants=participants,
        DESCR=_DESCR.format(
            name=name,
            line="-" * len(name),
            task=task,
            root=root,
            n_samples=len(found),
            n_groups=len(set(groups)),
            n_runs=len(used),
            n_both=sum(run.raw is not None and run.bold is not None for run in used),
            classes=", ".join(map(str, names)),
        ),
    )


def _in_order(names):
    """Sort names, by their value where all are numbers."""
    values = pd.to_numeric(pd.Series(sorted(names), dtype=object), errors="coerce")
    by_value = values.notna().all()
    return sorted(names, key=lambda name: (float(name) if by_value else 0, name))


def _check_classes(names, labels, target):
    lacking = [str(name) for name in names if name not in set(labels)]
    if len(names) < 2 or lacking:
        told = ", ".join(sorted(map(str, set(labels)))) or "none"
        raise ValueError(
            f"{OWNER}: at least two classes of {target} are needed"
            f"{f', and {chr(44).join(lacking)} has no samples' if lacking else ''}; "
            f"the data have {told}"
        )


def _recordings(runs, samples, participants, whole):
    """Give both modalities; a modality that no run has is left out."""
    known = {
        name: [run.pair.key[place] for run in runs]
        for place, name in enumerate(("subject", "session", "run"))
    }
    if "site" in participants:
        known["site"] = [_site(participants, run) for run in runs]
    known["samples"] = "recording" if whole else samples
    sides = {
        "fmri": ([run.bold for run in runs], [run.raw for run in runs], "bold"),
        "eeg": ([run.raw for run in runs], [run.raw_bold for run in runs], "eeg"),
    }
    blocks = {}
    for name, (sources, partners, key) in sides.items():
        if any(source is not None for source in sources):
            tables = [run.events.get(key) for run in runs]
            blocks[name] = Recordings(sources, tables, partner=partners, **known)
        else:
            warnings.warn(
                f"{OWNER}: no run has {name}; it is left out", MissingSamplesWarning, stacklevel=4
            )
    return Multimodal(**blocks)


def _site(participants, run):
    site = participants["site"].get(run.pair.key[0])
    return None if site is None or pd.isna(site) else str(site)
