"""The data sets of the command line by name."""

import numpy as np
from sklearn.utils import Bunch

from sklearn_neurofuse.cli._fingerprint import fingerprint
from sklearn_neurofuse.cli._options import BIDS, source_of
from sklearn_neurofuse.cli._recordings import (
    describe_pairs,
    known_confounds,
    load_recordings,
    read_chain,
    read_once,
    say,
)
from sklearn_neurofuse.datasets import fetch_tle_connectomes, make_multimodal_classification
from sklearn_neurofuse.model_selection._baselines import CONFOUNDS


def load_tle(args):
    """Load the connectomes of temporal-lobe epilepsy.

    Parameters
    ----------
    args : argparse.Namespace
        With ``scanner`` and ``data_home``.

    Returns
    -------
    Bunch
        The data set.
    """
    return fetch_tle_connectomes(args.scanner, args.data_home)


def make_planted(args):
    """Make samples with a planted class, small enough for a demonstration.

    Parameters
    ----------
    args : argparse.Namespace
        With ``regime``, ``samples``, ``subjects``, ``accuracy`` and ``seed``.

    Returns
    -------
    Bunch
        The data set.
    """
    return make_multimodal_classification(
        args.samples,
        regime=args.regime,
        bayes_accuracy=args.accuracy,
        n_subjects=args.subjects,
        volume_shape=(12, 14, 12),
        n_channels=16,
        n_times=100,
        sfreq=100.0,
        random_state=args.seed,
    )


def read_recordings(args):
    """Load a BIDS dataset and run its steps; samples that have every modality are kept.

    Parameters
    ----------
    args : argparse.Namespace
        With the options of a BIDS dataset.

    Returns
    -------
    Bunch
        The data set; ``recordings`` holds what was loaded, ``chain`` what made arrays of it.
    """
    data = load_recordings(args)
    made_of = fingerprint(args, data)
    say(describe_pairs(data))
    chain, skipped = read_chain(args, data.X)
    say([f"left out: {text}" for text in skipped])
    groups = data.groups
    if len(set(groups.tolist())) == 1:
        groups = next(iter(data.X[name] for name in data.X.modalities)).groups
    X = read_once(chain, data.X)
    whole = np.flatnonzero(X.present.all(axis=1))
    if len(whole) < len(X):
        say([f"{len(X) - len(whole)} samples lack a modality and are left out"])
    found = Bunch(
        X=X[whole],
        target=data.target[whole],
        target_names=data.target_names,
        groups=groups[whole],
        recordings=data,
        read=whole,
        chain=chain,
        fingerprint=made_of,
        DESCR=data.DESCR,
    )
    confounds = known_confounds(data.X).iloc[whole].reset_index(drop=True)
    if len(confounds.columns):
        found.confounds = confounds
    return found


# name on the command line -> function of the parsed arguments that gives a Bunch
SOURCES = {"tle": load_tle, "planted": make_planted, BIDS: read_recordings}


def load_data(args):
    """Load the data set that was asked for.

    Parameters
    ----------
    args : argparse.Namespace
        The parsed arguments.

    Returns
    -------
    data : Bunch
        The data set, with a ``fingerprint``.
    X : Multimodal
        Its samples, confounds beside the signals where there are any.
    confounds : DataFrame or False
        Confounds by themselves.
    """
    data = SOURCES[source_of(args.data)](args)
    # of recordings it was taken before they were read: they may change meanwhile
    if "fingerprint" not in data:
        data.fingerprint = fingerprint(args, data)
    if "confounds" not in data:
        return data, data.X, False
    return data, data.X.replace(**{CONFOUNDS: data.confounds}), data.confounds


def find_fingerprint(args):
    """Tell what results would be made of, without processing a recording.

    Parameters
    ----------
    args : argparse.Namespace
        The parsed arguments.

    Returns
    -------
    dict of str to str
        As the ``fingerprint`` of what `load_data` gives.
    """
    source = source_of(args.data)
    data = load_recordings(args) if source == BIDS else SOURCES[source](args)
    return fingerprint(args, data)
