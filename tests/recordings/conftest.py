"""A cache of its own for each test, and a folder in which steps note their runs."""

import numpy as np
import pytest

from sklearn_neurofuse import config_context


@pytest.fixture(autouse=True)
def cache(tmp_path):
    """Give the folder of the cache, which takes what is computed fast too."""
    folder = tmp_path / "cache"
    with config_context(
        cache_dir=folder,
        cache_size="1GB",
        cache_rate=np.inf,
        on_error="raise",
        already_done="raise",
    ):
        yield folder


@pytest.fixture
def log(tmp_path):
    """Give the folder in which steps note their runs."""
    folder = tmp_path / "log"
    folder.mkdir()
    return str(folder)
