"""The data sets of the command line by name."""

from sklearn_neurofuse.datasets import fetch_tle_connectomes, make_multimodal_classification


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


# name on the command line -> function of the parsed arguments that gives a Bunch
SOURCES = {"tle": load_tle, "planted": make_planted}
