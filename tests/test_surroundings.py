"""What every test runs in: temporary homes, one thread, and no skip where data are promised."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib
import mne
import nilearn.datasets
import pytest
from threadpoolctl import threadpool_info

CONFTEST = Path(__file__).parents[1] / "conftest.py"


def run_pytest(folder, source, **variables):
    shutil.copy(CONFTEST, folder)
    (folder / "test_it.py").write_text(source)
    environment = {key: value for key, value in os.environ.items() if key != "NEUROFUSE_DATA"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


SKIPS = {
    "in a test": "import pytest\ndef test_it(): pytest.skip('no')",
    "by a mark": "import pytest\n@pytest.mark.skip\ndef test_it(): pass",
    "of a module": "import pytest\npytest.importorskip('no_such_module')\ndef test_it(): pass",
}


@pytest.mark.parametrize("source", SKIPS.values(), ids=SKIPS)
def test_skip_is_a_failure_where_data_are_promised(tmp_path, source):
    finished = run_pytest(tmp_path, source)
    assert finished.returncode in (0, 5)
    assert "1 skipped" in finished.stdout
    finished = run_pytest(tmp_path, source, NEUROFUSE_DATA=str(tmp_path))
    assert finished.returncode in (1, 2)
    assert "skipped although NEUROFUSE_DATA is set" in finished.stdout


def test_expected_failure_stays_one(tmp_path):
    source = "import pytest\n@pytest.mark.xfail\ndef test_it(): assert False"
    finished = run_pytest(tmp_path, source, NEUROFUSE_DATA=str(tmp_path))
    assert finished.returncode == 0
    assert "1 xfailed" in finished.stdout


def test_nothing_is_written_into_the_home():
    home = Path(os.environ["NEUROFUSE_CACHE"]).parent
    assert home.name.startswith("neurofuse-tests-")
    assert home in Path(os.environ["NEUROFUSE_DATA_HOME"]).parents
    assert home in Path(mne.get_config_path()).parents
    assert home in Path(nilearn.datasets.get_data_dirs()[0]).parents


def test_one_thread_and_no_window():
    assert {pool["num_threads"] for pool in threadpool_info()} == {1}
    assert matplotlib.get_backend().lower() == "agg"


def test_fixtures_agree(make_multimodal, make_epochs, make_volume_img):
    X = make_multimodal(5)
    assert X["eeg"].shape == make_epochs(5).get_data().shape
    assert X["fmri"].shape[1:] == make_volume_img(5).shape[:3]
    assert X.present.all()
