"""One run of both modalities: opened, put on one clock, with one table of events."""

import warnings
from dataclasses import dataclass, field

import mne
import numpy as np
import pandas as pd

from sklearn_neurofuse.datasets._bids._align import align, event_lag
from sklearn_neurofuse.datasets._bids._bold import open_bold
from sklearn_neurofuse.datasets._bids._eeg import (
    describe_markers,
    find_volume_triggers,
    name_triggers,
    open_eeg,
    read_markers,
)
from sklearn_neurofuse.datasets._bids._files import OWNER, read_events
from sklearn_neurofuse.eeg._triggers import is_scanner_mark
from sklearn_neurofuse.exceptions import MissingSamplesWarning
from sklearn_neurofuse.recordings import BoldRun
from sklearn_neurofuse.signal._clock import ClockFit

# what is kept of an EEG file of several scans before and after one of them, in s
_MARGIN = 10.0


@dataclass
class Options:
    """What the user chose, for every run.

    Parameters
    ----------
    root : pathlib.Path
        The dataset.
    derivatives : Derivatives or None
        Preprocessed runs.
    eeg_events : dict or None
        Markers of the EEG to kinds of trials.
    channel_types : dict or None
        Kinds of channels.
    trigger : str or None
        Name of the volume trigger.
    tolerance : float
        Jitter allowed, in s.
    n_dummy : int
        Volumes at the start of each image that are not used.
    on_error : {"raise", "missing"}
        What happens with a run that cannot be used.
    """

    root: object
    derivatives: object = None
    eeg_events: dict | None = None
    channel_types: dict | None = None
    trigger: str | None = None
    tolerance: float = 1e-3
    n_dummy: int = 0
    on_error: str = "raise"


@dataclass
class Run:
    """What is known of one run.

    Parameters
    ----------
    pair : Pair
        Its files.
    raw : mne.io.Raw or None
        EEG.
    bold : BoldRun or None
        BOLD.
    raw_bold : BoldRun or None
        BOLD before any preprocessing.
    dummies : set of int
        Numbers of volumes that may have come before the image.
    clock : ClockFit or None
        How the clocks are tied, where there are two.
    events : dict of str to DataFrame
        The same rows on either clock, ``eeg`` and ``bold``; empty where there are none.
    lag : float or None
        Lag between the events of both, in s.
    notes : list of str
        What was odd, or is missing and why.
    """

    pair: object
    raw: mne.io.BaseRaw | None = None
    bold: BoldRun | None = None
    raw_bold: BoldRun | None = None
    dummies: set = field(default_factory=lambda: {0})
    clock: ClockFit | None = None
    events: dict = field(default_factory=dict)
    lag: float | None = None
    notes: list = field(default_factory=list)

    def lose(self, what, error, on_error):
        """Do without one modality, or raise."""
        where = getattr(self.pair, what).title
        message = f"{OWNER}: {where}: {error}"
        if on_error == "raise":
            raise ValueError(message) from error
        warnings.warn(f"{message}; it is missing", MissingSamplesWarning, stacklevel=5)
        self.notes.append(f"{what} is missing: {error}")
        setattr(self, "raw" if what == "eeg" else "bold", None)


def read_run(pair, options):
    """Open the recordings of a run and put them on one clock.

    Parameters
    ----------
    pair : Pair
        Its files.
    options : Options
        What the user chose.

    Returns
    -------
    Run
        Ready to be taken into `Recordings`.

    Raises
    ------
    ValueError
        If it cannot be used and `on_error` is ``"raise"``.
    """
    run = Run(pair)
    own = {"bold": _open_bold(run, options), "eeg": _open_eeg(run, options)}
    if run.raw is None and run.bold is None:
        return run
    if run.raw is not None and run.bold is not None:
        _tie(run, own, options)
    run.events = _on_both_clocks(run, own)
    if run.clock is not None and pair.scan_number[1] > 1:
        _cut_out(run)
    return run


def _open_bold(run, options):
    file = run.pair.bold
    if file is None:
        return None
    try:
        run.bold, run.dummies, notes = open_bold(options.root, file, options.n_dummy)
        run.raw_bold = run.bold
        if options.derivatives is not None:
            run.bold = options.derivatives.open(file, run.bold)
        run.notes += notes
        return read_events(options.root, file)
    except (ValueError, OSError) as error:
        run.lose("bold", error, options.on_error)
        return None


def _open_eeg(run, options):
    file = run.pair.eeg
    if file is None:
        return None
    try:
        run.raw = open_eeg(options.root, file, options.channel_types)
        if options.trigger is not None:
            name_triggers(run.raw, options.trigger)
        return _eeg_events(read_events(options.root, file), read_markers(run.raw), options)
    except (ValueError, OSError) as error:
        run.lose("eeg", error, options.on_error)
        return None


def _eeg_events(table, markers, options):
    """Give the events of the EEG that are no volumes, in the words of the task."""
    if table is None or "trial_type" not in table:
        table = markers
    if options.eeg_events is not None:
        renamed = _rename(table, options.eeg_events)
        table = renamed if len(renamed) else _rename(markers, options.eeg_events)
    table = table.loc[table["trial_type"].notna()]
    volumes = [is_scanner_mark(kind) for kind in table["trial_type"]]
    table = table.loc[~np.array(volumes, dtype=bool)]
    return table.sort_values("onset", kind="stable", ignore_index=True) if len(table) else None


def _rename(table, names):
    """Keep the events that have a name, whether or not it begins with their kind."""
    kinds = table["trial_type"].astype(object)
    short = kinds.map(lambda kind: str(kind).rsplit("/", 1)[-1])
    named = kinds.map(names).fillna(short.map(names))
    return table.assign(trial_type=named).loc[named.notna()]


def _tie(run, own, options):
    markers = read_markers(run.raw)
    triggers = find_volume_triggers(markers, options.trigger)
    scan = {
        "t_r": run.raw_bold.t_r,
        "n_volumes": run.raw_bold.n_volumes,
        "dummies": run.dummies,
    }
    events = own["bold"], own["eeg"]
    try:
        run.clock = align(
            triggers,
            scan,
            events,
            sfreq=run.raw.info["sfreq"],
            tolerance=options.tolerance,
            scan_number=run.pair.scan_number,
        )
        run.lag = event_lag(run.clock, events)
    except ValueError as error:
        if len(triggers) == 0:
            error = ValueError(f"{error}; {describe_markers(markers)}")
        # what is left must have events of its own
        lost = "eeg" if own["bold"] is not None or own["eeg"] is None else "bold"
        run.lose(lost, error, options.on_error)


def _on_both_clocks(run, own):
    """Give one table of events on either clock: BOLD's own, or where it has none the EEG's."""
    bold, eeg = own["bold"], own["eeg"]
    if run.clock is None:
        table = bold if run.bold is not None else eeg
        return {} if table is None else {"bold": table, "eeg": table}
    if bold is not None:
        return {"bold": bold, "eeg": bold.assign(onset=run.clock.to_other(bold["onset"]))}
    if eeg is not None:
        return {"bold": eeg.assign(onset=run.clock.to_scan(eeg["onset"])), "eeg": eeg}
    return {}


def _cut_out(run):
    """Keep of an EEG file of several scans what belongs to this one."""
    start, stop = run.clock.to_other([-_MARGIN, run.raw_bold.duration + _MARGIN])
    start, stop = max(start, 0.0), min(stop, run.raw.times[-1])
    first = round(start * run.raw.info["sfreq"]) / run.raw.info["sfreq"]
    run.raw = run.raw.crop(first, stop)
    if run.events:
        table = run.events["eeg"]
        run.events["eeg"] = table.assign(onset=table["onset"] - first)


def describe_runs(runs):
    """Say of each run what was paired and how.

    Parameters
    ----------
    runs : list of Run
        All runs.

    Returns
    -------
    DataFrame
        One row for each; times in s, drift in ppm.
    """
    return pd.DataFrame([_describe(run) for run in runs])


def _describe(run):
    clock = run.clock
    row = dict(zip(("subject", "session", "run"), run.pair.key, strict=True))
    row |= {
        "eeg": None if run.raw is None else run.pair.eeg.path.name,
        "bold": None if run.bold is None else run.pair.bold.path.name,
    }
    figures = {
        "n_triggers": "n_triggers",
        "triggers_per_volume": "n_per_volume",
        "n_lost": "n_lost",
        "n_before": "n_before",
        "n_after": "n_after",
        "offset": "offset",
        "drift": "drift",
        "jitter": "jitter",
    }
    row |= {name: getattr(clock, own, None) for name, own in figures.items()}
    return {**row, "event_lag": run.lag, "notes": "; ".join(run.notes)}
