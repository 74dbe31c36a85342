"""Maps of whole runs."""

import numpy as np
import pytest
from nilearn.glm.contrasts import compute_contrast
from nilearn.glm.first_level import make_first_level_design_matrix, run_glm
from numpy.testing import assert_allclose

from sklearn_neurofuse import Recordings
from sklearn_neurofuse.exceptions import RecordingError
from sklearn_neurofuse.fmri import ConfoundRegressor, RunMap
from tests.fmri.runs import as_run, motion_table, responding, table, take

ONSETS = np.array([10.0, 31.0, 47.5, 66.0, 90.0, 111.0, 140.0, 155.0])


@pytest.fixture
def run(rng):
    return as_run(500 + 5 * rng.standard_normal((5, 4, 3, 100)), confounds=motion_table(100))


def test_mean(run):
    data = run.get_data().copy()
    data[..., :2] = 3000
    data[0] *= 0.01
    block = take(RunMap(), as_run(data, n_dummy=2))
    assert block.shape == (1, 5, 4, 3)
    assert_allclose(block.data[0, 1:].mean(), 100, rtol=1e-5)
    assert_allclose(block.data[0, 0].mean(), 1, rtol=1e-2)


@pytest.mark.parametrize("order", ["C", "F"])
def test_fluctuations_are_where_they_are_planted(rng, order):
    times = np.arange(200) * 2.0
    data = 500 + rng.standard_normal((6, 5, 4, 200))
    data[:3] += 10 * np.sin(2 * np.pi * 0.03 * times)
    data[3:] += 10 * np.sin(2 * np.pi * 0.2 * times)
    run = as_run(data, order=order)
    share = take(RunMap("falff"), run).data[0]
    assert share[:3].min() > 0.5 > 0.25 > share[3:].max()
    slow = take(RunMap("alff"), run).data[0]
    assert slow[:3].min() > 2.5 * slow[3:].max()
    # percent of the mean: twice the gain, the same percent
    assert_allclose(take(RunMap("alff"), as_run(2 * data, order=order)).data[0], slow, rtol=1e-4)


def test_fluctuations_come_from_the_cleaned_series(rng):
    times = np.arange(100) * 2.0
    motion = motion_table(100)
    motion["trans_x"] = np.sin(2 * np.pi * 0.03 * times)
    data = 500 + rng.standard_normal((6, 5, 4, 100)) + 30 * motion["trans_x"].to_numpy()
    X = Recordings([as_run(data, confounds=motion)])
    before = RunMap("alff").fit_transform(X).data.mean()
    cleaned = RunMap("alff").fit_transform(ConfoundRegressor().fit_transform(X)).data.mean()
    assert cleaned < 0.2 * before


def test_contrast_agrees_with_nilearn(run):
    events = table(ONSETS, duration=3.0)
    X = ConfoundRegressor().fit_transform(Recordings([run], [events], samples="recording"))
    t = RunMap("contrast", "a - b").fit_transform(X).data[0]
    design = make_first_level_design_matrix(
        np.arange(100) * 2.0,
        events,
        high_pass=1 / 128,
        add_regs=run.confounds - run.confounds.mean(),
    )
    values = run.get_data().astype(float).reshape(-1, 100).T
    labels, results = run_glm(values, design.to_numpy(), noise_model="ols")
    weights = (design.columns == "a").astype(float) - (design.columns == "b")
    expected = compute_contrast(labels, results, weights, stat_type="t").stat
    expected = np.asarray(expected() if callable(expected) else expected)
    assert_allclose(t, expected.reshape(t.shape), rtol=1e-5, atol=1e-5)


def test_contrast_in_percent():
    heights = np.resize([2.0, 1.0], len(ONSETS))
    data = responding(ONSETS, heights, np.arange(100) * 2.0)
    X = Recordings([as_run(data)], [table(ONSETS)], samples="recording")
    percent = RunMap("contrast", "a - b", effect="beta").fit_transform(X).data[0]
    assert_allclose(percent[:2], 1, rtol=0.2)
    assert_allclose(percent[2:], 0, atol=1e-3)


def one(run, events=None):
    return Recordings([run], None if events is None else [events], samples="recording")


def test_a_contrast_needs_its_events(run):
    extractor = RunMap("contrast", "a - b")
    with pytest.raises(RecordingError, match="a contrast needs events"):
        extractor.fit_transform(one(run))
    with pytest.raises(RecordingError, match=r"'a - c' must be made of .*'a', 'b'"):
        RunMap("contrast", "a - c").fit_transform(one(run, table(ONSETS)))
    with pytest.raises(RecordingError, match="a contrast needs a column trial_type"):
        extractor.fit_transform(one(run, table(ONSETS).drop(columns="trial_type")))


def test_a_low_pass_before_is_refused(run):
    X = ConfoundRegressor(low_pass=0.1).fit_transform(one(run, table(ONSETS)))
    for extractor in (RunMap("contrast", "a"), RunMap("falff")):
        with pytest.raises(RecordingError, match=r"takes no low-pass filter"):
            extractor.fit_transform(X)
    assert RunMap("alff").fit_transform(X).present.all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"kind": "reho"}, "kind must be one of 'mean', 'alff', 'falff', 'contrast'"),
        ({"kind": "contrast"}, "contrast must be a text"),
        ({"contrast": "a - b"}, "None with others, got 'a - b' with kind='mean'"),
        ({"kind": "alff", "band": (0.1, 0.01)}, r"band must be in \(0.1, inf\) Hz"),
        ({"kind": "alff", "band": 0.1}, "band must be a pair"),
        ({"effect": "z"}, "effect must be one of"),
        ({"hrf": "fir"}, "hrf must be one of"),
    ],
)
def test_bad_parameters(run, parameters, message):
    with pytest.raises(ValueError, match=message):
        RunMap(**parameters).fit(one(run))


def test_band_beyond_the_run(run):
    with pytest.raises(RecordingError, match=r"no frequency lies in the band of 0\.3 to 0\.4 Hz"):
        take(RunMap("alff", band=(0.3, 0.4)), run)


def test_no_percent_without_a_mean(run):
    with pytest.raises(RecordingError, match="mean of the run must be positive"):
        take(RunMap(), as_run(run.get_data() - 500))
