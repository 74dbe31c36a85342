"""The connectomes of temporal-lobe epilepsy: made-up files in the authors' layout, and the real."""

import numpy as np
import pytest
from scipy.io import savemat
from sklearn.metrics import roc_auc_score

from sklearn_neurofuse.datasets import _tle, fetch_tle_connectomes

ROWS, COLUMNS = np.triu_indices(68, 1)
CODES = 100.0 * ROWS + COLUMNS  # says which pair an edge of the files joins
BANDS = ("delta", "theta", "alpha", "beta", "gamma")


def struct(fields):
    """Make a MATLAB struct array of a list of dicts."""
    array = np.empty(len(fields), dtype=[(name, object) for name in fields[0]])
    for i, entry in enumerate(fields):
        for name, value in entry.items():
            array[name][i] = value
    return array


def session(value, displacement=(0.0, 0.2, 0.4), length=100, bands=BANDS, n_edges=2278):
    codes = CODES[:n_edges] + value
    conn = [{"name": b, "conn": codes[:, None] + 1e4 * (1 + BANDS.index(b))} for b in bands]
    return {
        "sess_name": "",
        "fMRI": codes[:, None],
        "EEG": struct([{"name": "cohi", "bands": struct(conn)}]),
        "fd_power": np.array(displacement),
        "sess_length": length,
        "scrubbed_eeg_sess_length": length - 20,
        "scrubbed_fMRI_sess_length": length - 10,
    }


def write(folder, group, subjects):
    stem = f"eeg-fmri_64Ch3T_{group}"
    people = [{"name": name, "sess": struct(sess)} for name, sess in subjects.items()]
    savemat(folder / f"{stem}_connectomes_desikan_scrubbed.mat", {"subj": struct(people)})
    lines = [f"{name.capitalize()}\t{group}\tF\t{30 + i}" for i, name in enumerate(subjects)]
    table = "\n".join(["participant_id\tgroup\tsex\tage", *lines[::-1]])
    (folder / f"{stem}_participants.tsv").write_text(table)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Make a data home with a 64-channel data set of five people."""
    monkeypatch.setattr(_tle, "_SHA256", dict.fromkeys(_tle._SHA256))
    folder = tmp_path / "tle-connectomes"
    folder.mkdir()
    np.savetxt(folder / "desi_coord_68.txt", np.arange(204.0).reshape(68, 3), delimiter="\t")
    networks = {"yeoROIs_eeg": np.arange(68)[:, None] % 7 + 1}
    savemat(folder / "aparc_aseg_yeoRS7_68reg_eeg_nosubc_cmfg2dan.mat", networks)
    write(folder, "controls", {"sub-a": [session(0.0)], "sub-b": [session(0.0, (0.3, 0.2, 0.4))]})
    write(folder, "ltle", {"sub-c": [session(0.0), session(1.0, (0, 0.6, 0.6), length=300)]})
    # bands in another order in the file
    write(folder, "rtle", {"sub-d": [session(0.0, bands=BANDS[::-1])], "sub-e": [session(0.0)]})
    return tmp_path


def test_made_up_files(home):
    data = fetch_tle_connectomes("64ch", home, download_if_missing=False)
    assert data.X.modalities == ("fmri", "eeg")
    assert data.X["fmri"].shape == (5, 2278)
    assert data.X["eeg"].shape == (5, 5, 2278)
    assert data.X["eeg"].space.bands == BANDS
    assert data.target.tolist() == [0, 0, 1, 1, 1]
    assert data.target_names.tolist() == ["control", "patient"]
    assert data.diagnosis.tolist() == ["control", "control", "lTLE", "rTLE", "rTLE"]
    assert data.subject.tolist() == ["sub-a", "sub-b", "sub-c", "sub-d", "sub-e"]
    assert data.groups.tolist() == data.subject.tolist()
    assert data.age.tolist() == [30, 31, 30, 30, 31]  # though the table runs the other way
    assert data.sex.tolist() == ["F"] * 5


def test_edges_join_the_pairs_that_the_files_mean(home):
    data = fetch_tle_connectomes("64ch", home, download_if_missing=False)
    matrix = data.X["fmri"].space.to_matrix(data.X["fmri"].data[0])
    assert matrix[3, 60] == matrix[60, 3] == 360
    np.testing.assert_array_equal(matrix[ROWS, COLUMNS], CODES)
    # every band, in whatever order the file has them
    for person in (0, 3):
        bands = data.X["eeg"].space.to_matrix(data.X["eeg"].data[person])
        expected = CODES + 1e4 * np.arange(1, 6)[:, None]
        np.testing.assert_array_equal(bands[:, ROWS, COLUMNS], expected)


def test_sessions_are_averaged_and_their_lengths_added(home):
    data = fetch_tle_connectomes("64ch", home, download_if_missing=False)
    one, several = data.X["fmri"].data[[0, 2]]
    np.testing.assert_allclose(several - one, 0.5)
    np.testing.assert_allclose(data.X["eeg"].data[2] - data.X["eeg"].data[0], 0.5)
    np.testing.assert_allclose(data.recording_length[:3], [360, 360, 1440])
    np.testing.assert_allclose(data.confounds["fmri_length"][:3], [324, 324, 1368])
    np.testing.assert_allclose(data.confounds["eeg_length"][:3], [288, 288, 1296])
    # the first displacement is left out only where it is the 0 of a first volume
    np.testing.assert_allclose(data.mean_fd[:3], [0.3, 0.3, 0.45])


def test_confounds_are_numbers(home):
    confounds = fetch_tle_connectomes("64ch", home, download_if_missing=False).confounds
    assert confounds.shape == (5, 6)
    assert {kind.kind for kind in confounds.dtypes} == {"f"}
    assert confounds["male"].tolist() == [0] * 5


def test_nobody_without_age_and_sex(home):
    table = home / "tle-connectomes" / "eeg-fmri_64Ch3T_rtle_participants.tsv"
    table.write_text("participant_id\tgroup\tsex\tage\nsub-d\trTLE\tF\t30\n")
    with pytest.raises(ValueError, match=r"no age or sex in .*rtle_participants\.tsv for sub-e$"):
        fetch_tle_connectomes("64ch", home, download_if_missing=False)


def test_wrong_number_of_edges(home):
    write(home / "tle-connectomes", "ltle", {"sub-c": [session(0.0, n_edges=2000)]})
    with pytest.raises(ValueError, match=r"64Ch3T_ltle_.*\.mat must hold 2278 finite edges"):
        fetch_tle_connectomes("64ch", home, download_if_missing=False)


def test_unknown_scanner(home):
    with pytest.raises(ValueError, match="scanner must be one of '256ch', '64ch', got '32ch'"):
        fetch_tle_connectomes("32ch", home)


def test_each_scanner_asks_for_its_own_files(tmp_path):
    for scanner, other in (("256ch", "64Ch3T"), ("64ch", "256Ch3T")):
        with pytest.raises(FileNotFoundError, match="and 5 more files are missing") as error:
            fetch_tle_connectomes(scanner, tmp_path, download_if_missing=False)
        assert other not in str(error.value)


@pytest.fixture
def real(real_data):
    """Load the real data; nothing may be written beside them."""
    folder = real_data("tle-connectomes")
    before = {path: path.stat().st_mtime_ns for path in [folder, *folder.iterdir()]}
    yield fetch_tle_connectomes(data_home=folder.parent, download_if_missing=False)
    assert {path: path.stat().st_mtime_ns for path in [folder, *folder.iterdir()]} == before


def test_real_people(real):
    assert real.X.shape == (44, 6 * 2278)
    assert np.bincount(real.target).tolist() == [21, 23]
    assert len(set(real.subject)) == 44
    assert (real.diagnosis == "lTLE").sum() == 13
    assert real.X.present.all()
    assert "sub-24" in real.subject  # written "Sub-24" in the table
    assert real.age[real.subject == "sub-epi004"] == 61
    assert real.sex[real.subject == "sub-epi004"] == "F"
    np.testing.assert_allclose(real.recording_length, 150 * 1.99)
    assert (real.confounds["eeg_length"] <= real.recording_length).all()
    assert 0.04 < real.mean_fd.min() < real.mean_fd.max() < 0.3
    assert "Wirsich" in real.DESCR


def test_real_edges_are_in_order(real):
    space = real.X["fmri"].space
    first, second = space.coordinates[space.edges.T]
    distance = np.linalg.norm(first - second, axis=1)
    # the authors' correlation of connectivity with distance is negative in every band
    fmri, eeg = real.X["fmri"].data.mean(axis=0), real.X["eeg"].data.mean(axis=0)
    assert np.corrcoef(fmri, distance)[0, 1] < -0.3
    assert max(np.corrcoef(band, distance)[0, 1] for band in eeg) < -0.5
    # the same region of both hemispheres is strongly coupled
    matrix = space.to_matrix(fmri)
    assert np.mean(np.diag(matrix[:34, 34:])) > 0.5 > 10 * fmri.mean()


def test_real_regions_are_where_their_names_say(real):
    space = real.X["eeg"].space
    where = dict(zip(space.labels, space.coordinates, strict=True))
    network = dict(zip(space.labels, space.networks, strict=True))
    assert all((xyz[0] < 0) == label.endswith("-lh") for label, xyz in where.items() if xyz[0])
    assert min(where, key=lambda label: where[label][1]).startswith("pericalcarine")
    assert max(where, key=lambda label: where[label][1]).startswith("frontalpole")
    assert max(where, key=lambda label: where[label][2]).startswith("superiorparietal")
    for side in ("lh", "rh"):
        # the two hemispheres mirror each other
        assert where[f"insula-{side}"][1] == pytest.approx(12.5, abs=1)
        assert where[f"temporalpole-{side}"][2] < where[f"entorhinal-{side}"][2] < -25
        assert network[f"cuneus-{side}"] == "visual"
        assert network[f"postcentral-{side}"] == "somatomotor"
        assert network[f"insula-{side}"] == "ventral attention"
        assert network[f"entorhinal-{side}"] == "limbic"
        assert network[f"caudalmiddlefrontal-{side}"] == "dorsal attention"
        assert network[f"rostralmiddlefrontal-{side}"] == "frontoparietal"
        assert network[f"precuneus-{side}"] == "default"


def test_real_level_separates_the_groups(real):
    level = real.X["eeg"].data.mean(axis=(1, 2))
    assert roc_auc_score(real.target, -level) == pytest.approx(0.903, abs=0.001)
