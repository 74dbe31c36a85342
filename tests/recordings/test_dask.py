"""The same pipeline on a cluster: two worker processes on this machine."""

import os

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline

from tests.recordings.doubles import EventMeans, Scale, Slow, runs
from tests.recordings.test_tools import N_RECORDINGS, make_both

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def client():
    """Give the client of a cluster of two processes."""
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with (
        distributed.LocalCluster(host="127.0.0.1", **settings) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def make_search(log):
    model = make_pipeline(
        Slow(log=log), Scale(), EventMeans(log=log, standardize="recording"), LogisticRegression()
    )
    grid = {"scale__factor": [0.0, 2.0], "eventmeans__offset": [0.0, 1.0]}
    return GridSearchCV(model, grid, cv=GroupKFold(4))


def test_grid_search_over_preprocessing(client, log):
    X, y, groups = make_both()
    with parallel_config(backend="dask"):
        on_cluster = make_search(log).fit(X["eeg"], y, groups=groups)
    assert {name.split("-")[1] for name in os.listdir(log)} <= {*map(str, pids(client))}
    assert runs(log, "Slow") == N_RECORDINGS
    here = make_search(None).fit(X["eeg"].with_config(cache_dir=None), y, groups=groups)
    np.testing.assert_array_equal(
        on_cluster.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"]
    )
    assert on_cluster.best_params_ == here.best_params_


def pids(client):
    return client.run(os.getpid).values()
