"""Surroundings of every test and doctest: one thread, no window, nothing written to the home."""

import os
import shutil
import tempfile
from pathlib import Path

import hypothesis
import pytest
from threadpoolctl import threadpool_limits

# read by each library when it is loaded, here and in the processes that tests start
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"
os.environ["MPLBACKEND"] = "Agg"
# without it scikit-learn skips one of its checks
os.environ["SCIPY_ARRAY_API"] = "1"

# now, since what conftest files of folders import may read them
_home = Path(tempfile.mkdtemp(prefix="neurofuse-tests-"))
for _name in ("NEUROFUSE_CACHE", "NEUROFUSE_DATA_HOME", "_MNE_FAKE_HOME_DIR", "NILEARN_DATA"):
    _folder = _home / _name.strip("_").lower()
    _folder.mkdir()
    os.environ[_name] = str(_folder)

# the same examples in every run, and none kept on disk
hypothesis.settings.register_profile("tests", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("tests")


def pytest_configure(config):
    """Hold to one thread what a plugin loaded before the variables were set."""
    threadpool_limits(1)


def pytest_unconfigure(config):
    """Remove the temporary home."""
    shutil.rmtree(_home, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Turn a skipped test into a failed one where the real data are promised."""
    return _without_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """Turn a module skipped as a whole into an error where the real data are promised."""
    return _without_skip((yield))


def _without_skip(report):
    # an expected failure is reported as skipped too
    if os.environ.get("NEUROFUSE_DATA") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped although NEUROFUSE_DATA is set: {report.longrepr}"
    return report
