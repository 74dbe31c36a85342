"""One seed for everything that is drawn, so that a report can tell it."""

from sklearn.utils import check_random_state


def read_seed(random_state):
    """Turn any random state into a seed.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        As in scikit-learn.

    Returns
    -------
    int
        An int is itself; otherwise one is drawn.
    """
    if isinstance(random_state, int):
        return random_state
    return int(check_random_state(random_state).randint(2**31 - 1))
