"""Data sets of recordings on the command line: loaded, described, and read into arrays."""

import sys

import numpy as np
import pandas as pd

from sklearn_neurofuse.cli._chains import make_chain, read_config
from sklearn_neurofuse.datasets import load_bids
from sklearn_neurofuse.recordings import config_context

# what stands beside a trial in the tables of recordings and may go along with the class
_KNOWN = {"event": "trial index", "run": "run", "session": "session", "site": "site",
          "response_time": "response time", "age": "age", "sex": "sex"}  # fmt: skip


def say(lines):
    """Tell on a terminal how it goes on; nothing in a pipe.

    Parameters
    ----------
    lines : list of str
        What to tell.
    """
    if sys.stderr.isatty():
        for line in lines:
            print(line, file=sys.stderr)


def load_recordings(args):
    """Load a BIDS dataset; runs that cannot be used are missing, with a warning.

    Parameters
    ----------
    args : argparse.Namespace
        With ``data``, ``task``, ``target``, ``level``, ``classes`` and ``derivatives``.

    Returns
    -------
    Bunch
        As of `load_bids`.

    Raises
    ------
    ValueError
        If no task is given, or nothing can be loaded.
    """
    if args.task is None:
        raise ValueError("a BIDS dataset needs --task, as in task-<task> of its files")
    with config_context(on_error="missing", already_done="skip"):
        return load_bids(
            args.data,
            args.task,
            target=args.target,
            level=args.level,
            classes=None if args.classes is None else args.classes.split(","),
            derivatives=args.derivatives,
        )


def read_chain(args, X):
    """Make the steps from recordings to arrays.

    Parameters
    ----------
    args : argparse.Namespace
        With ``config``, ``level`` and ``jobs``.
    X : Multimodal
        The recordings.

    Returns
    -------
    chain : ModalityTransformer
        Not fitted.
    skipped : list of str
        Steps that were left out and why.
    """
    return make_chain(read_config(args.config, args.level), X, n_jobs=args.jobs)


def read_once(chain, X):
    """Run the steps on all recordings, with a progress bar.

    Parameters
    ----------
    chain : ModalityTransformer
        From `read_chain`; fitted.
    X : Multimodal
        The recordings.

    Returns
    -------
    Multimodal
        Arrays.
    """
    ends = [branch.steps[-1][1] for _, branch in chain.transformers]
    for end in ends:
        end.set_params(verbose=True)
    arrays = chain.fit_transform(X)
    for end in ends:
        end.set_params(verbose=False)
    return arrays


def known_confounds(X):
    """Take from the tables of recordings what may go along with the class.

    Parameters
    ----------
    X : Multimodal
        The recordings.

    Returns
    -------
    DataFrame
        One row for each sample, numbers only; without what does not vary.
    """
    found = {}
    for name in X.modalities:
        table = X[name].table
        for column in set(_KNOWN) & set(table):
            found.setdefault(_KNOWN[column], _as_numbers(table[column]))
    varying = {title: x for title, x in sorted(found.items()) if np.nanmax(x) > np.nanmin(x)}
    return pd.DataFrame(varying).fillna(pd.DataFrame(varying).median())


def _as_numbers(column):
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.notna().any():
        return numbers.to_numpy(dtype=float)
    return pd.factorize(column)[0].astype(float)


def describe_pairs(data):
    """Say what was paired and what was left out.

    Parameters
    ----------
    data : Bunch
        From `load_recordings`.

    Returns
    -------
    list of str
        Lines.
    """
    pairs = data.pairs
    both = pairs[pairs["eeg"].notna() & pairs["bold"].notna()]
    counts = [
        f"{int(np.sum(data.target == code))} {name}" for code, name in enumerate(data.target_names)
    ]
    lines = [
        f"{len(pairs)} runs of {pairs['subject'].nunique()} subjects, {len(both)} with both "
        f"modalities; {len(data.target)} samples: {', '.join(counts)}"
    ]
    clocks = both.dropna(subset=["drift"])
    if len(clocks):
        lines.append(
            f"clocks: drift {clocks['drift'].min():+.1f} to {clocks['drift'].max():+.1f} ppm, "
            f"jitter at most {1e3 * clocks['jitter'].max():.2f} ms, "
            f"{int(clocks['n_lost'].sum())} lost triggers"
        )
    lines += [f"left out: {row.what}: {row.why}" for row in data.left_out.itertuples()]
    noted = pairs[pairs["notes"] != ""]
    return lines + [f"note: sub-{row.subject}: {row.notes}" for row in noted.itertuples()]
