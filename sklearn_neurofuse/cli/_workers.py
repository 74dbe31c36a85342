"""Work on a Dask cluster."""

from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec

from joblib import parallel_config

_PATIENCE = 10


@contextmanager
def on_cluster(address):
    """Let everything that runs at once run on the workers of a Dask scheduler.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``"tcp://node1:8786"``.

    Yields
    ------
    None
        Nothing.

    Raises
    ------
    ValueError
        If Dask is not installed.
    OSError
        If nobody answers at the address.
    """
    if find_spec("distributed") is None:
        raise ValueError(
            "--dask needs the extra distributed: pip install 'sklearn-neurofuse[distributed]'"
        )
    try:
        client = import_module("distributed").Client(address, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise OSError(f"no Dask scheduler answers at {address} within {_PATIENCE} s") from error
    with client, parallel_config(backend="dask"):
        yield
