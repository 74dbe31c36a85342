"""Charts, by what is drawn."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import mne
import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from sklearn_neurofuse import BoldRun
from sklearn_neurofuse.containers import ConnectomeSpace, SensorSpace
from sklearn_neurofuse.inspection import lime_explanation
from sklearn_neurofuse.metrics import balanced_accuracy_posterior
from sklearn_neurofuse.plotting import (
    plot_alignment,
    plot_artifact_spectrum,
    plot_connectome,
    plot_explanation,
    plot_lag_curve,
    plot_motion,
    plot_posterior,
    plot_precision_recall,
    plot_topography,
)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def make_explanation(make_multimodal):
    X = make_multimodal(24)
    y = (X["eeg"].data[:, 0, :10].mean(axis=1) > 0).astype(int)
    model = LogisticRegression(C=1e6).fit(X, y)
    return lime_explanation(model, X, 3, units={"n_parcels": 4}, n_perturbations=60, random_state=0)


def test_an_explanation_shows_its_heaviest_units(make_multimodal):
    found = make_explanation(make_multimodal)
    ax = plot_explanation(found, n_units=5)
    table = found.to_frame()
    assert [t.get_text() for t in ax.get_yticklabels()] == table["unit"][:5].tolist()[::-1]
    widths = [bar.get_width() for bar in ax.patches[:5]]
    np.testing.assert_allclose(widths, table["weight"][:5].to_numpy()[::-1])
    assert [text.split()[0] for text in labels(ax)] == ["fmri", "eeg"]
    with pytest.raises(TypeError, match="must be an Explanation"):
        plot_explanation(table)


def test_an_explanation_shows_on_the_scalp(make_multimodal):
    figure = plot_topography(make_explanation(make_multimodal), times=[0.0])
    assert [ax.get_title() for ax in figure.axes[:1]] == ["0 s"]


def test_posteriors_tell_mean_and_interval():
    y = np.arange(80) % 2
    posterior = balanced_accuracy_posterior(y, np.where(np.arange(80) % 8 == 0, 1 - y, y))
    ax = plot_posterior({"fused": posterior}, interval=0.9)
    low, high = posterior.interval(0.9)
    assert labels(ax)[0] == f"fused: {posterior.mean():.2f} [{low:.2f}, {high:.2f}]"
    line = ax.get_lines()[0]
    assert line.get_xdata()[np.argmax(line.get_ydata())] == pytest.approx(
        posterior.mean(), abs=0.03
    )
    with pytest.raises(ValueError, match="interval"):
        plot_posterior(posterior, interval=95)


def test_precision_and_recall_end_at_the_prevalence():
    rng = np.random.default_rng(0)
    y = (rng.uniform(size=200) < 0.3).astype(int)
    ax = plot_precision_recall(y, {"good": y + rng.normal(size=200), "none": rng.normal(size=200)})
    assert labels(ax)[-1] == f"chance: {y.mean():.2f}"
    assert float(labels(ax)[0].split()[-1]) > float(labels(ax)[1].split()[-1])
    assert ax.get_lines()[0].get_ydata()[0] == pytest.approx(y.mean())
    with pytest.raises(ValueError, match="pos_label"):
        plot_precision_recall(y, y, pos_label="patient")


def test_motion_is_drawn_in_mm_and_degrees(make_volume_img):
    table = pd.DataFrame(
        {
            name: np.zeros(12)
            for name in ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")
        }
    )
    table.loc[6:, "trans_x"] = 0.7
    table.loc[6:, "rot_z"] = np.pi / 180
    run = BoldRun(make_volume_img(12), t_r=2.0, confounds=table)
    shifts, turns, displacement = plot_motion(run).axes
    assert shifts.get_lines()[0].get_ydata()[-1] == 0.7
    assert turns.get_lines()[2].get_ydata()[-1] == pytest.approx(1.0)
    step = displacement.get_lines()[0].get_ydata()[6]
    assert step == pytest.approx(0.7 + 50 * np.pi / 180)
    assert displacement.get_xlabel() == "time (s)"
    assert labels(displacement) == ["8% above 0.5 mm"]
    assert plot_motion(table).axes[2].get_xlabel() == "volume"
    with pytest.raises(ValueError, match="rot_x"):
        plot_motion(table[["trans_x"]])
    with pytest.raises(TypeError, match="BoldRun"):
        plot_motion(np.zeros((4, 6)))


def test_spectra_have_their_lines_where_they_are(make_info):
    rng = np.random.default_rng(0)
    noise = 1e-6 * rng.normal(size=(4, 6000))
    line = 1e-5 * np.sin(2 * np.pi * 10 * np.arange(6000) / 200.0)
    info = make_info(4, 200.0)
    raws = {
        "before": mne.io.RawArray(noise + line, info, verbose="error"),
        "after": mne.io.RawArray(noise, info, verbose="error"),
    }
    ax = plot_artifact_spectrum(raws, t_r=2.0, n_slices=20, fmax=40.0)
    before, after = ax.get_lines()[:2]
    assert before.get_xdata()[np.argmax(before.get_ydata())] == pytest.approx(10.0, abs=0.1)
    # white noise of 1 µV at 200 Hz
    assert np.median(after.get_ydata()) == pytest.approx(0.01, rel=0.3)
    assert labels(ax) == ["before", "after", "volumes", "slices"]
    with pytest.raises(TypeError, match=r"mne\.io\.Raw"):
        plot_artifact_spectrum(noise)


def test_scalp_maps_show_the_strongest_moments(make_info):
    info = make_info(8)
    data = np.zeros((8, 100))
    data[2, 40] = 5e-6
    evoked = mne.EvokedArray(data, info, tmin=-0.2)
    figure = plot_topography(evoked)
    assert "0.2 s" in [ax.get_title() for ax in figure.axes]
    course = figure.axes[-1]
    assert course.get_ylabel() == "µV"
    assert max(line.get_ydata().max() for line in course.get_lines()[:8]) == pytest.approx(5.0)
    with pytest.raises(ValueError, match="times must be in"):
        plot_topography(evoked, times=[3.0])
    bands = SensorSpace(info, bands=["alpha", "beta"])
    figure = plot_topography(np.ones((8, 2)), space=bands)
    assert [ax.get_title() for ax in figure.axes[:2]] == ["alpha", "beta"]
    with pytest.raises(ValueError, match="SensorSpace"):
        plot_topography(data)
    with pytest.raises(ValueError, match="set a montage"):
        plot_topography(data, space=SensorSpace(mne.create_info(8, 100.0, "eeg")))


def make_connectome():
    rng = np.random.default_rng(0)
    space = ConnectomeSpace(
        [f"r{i}" for i in range(10)],
        coordinates=rng.uniform(-60, 60, (10, 3)),
        networks=["default"] * 5 + ["visual"] * 5,
    )
    return rng.normal(size=45), space


@pytest.mark.parametrize("shape", ["edges", "matrix"])
def test_a_circle_shows_the_edges_above_the_threshold(shape):
    edges, space = make_connectome()
    values = edges if shape == "edges" else space.to_matrix(edges)
    ax = plot_connectome(values, space=space, kind="circle", threshold=1.0, title="group")
    assert len(ax.patches) == np.sum(np.abs(edges) >= 1.0)
    widths = sorted(patch.get_linewidth() for patch in ax.patches)
    assert widths[-1] == pytest.approx(3.0)
    assert {text.get_text() for text in ax.texts} == {"default", "visual"}


def test_only_significant_edges_are_shown():
    edges, space = make_connectome()
    p_values = np.ones(45)
    p_values[[4, 17]] = 0.01
    ax = plot_connectome(edges, space=space, kind="circle", p_values=p_values)
    assert len(ax.patches) == 2
    display = plot_connectome(edges, space=space, p_values=p_values, label="difference of r")
    figure = display.frame_axes.figure
    assert any(ax.get_title(loc="right") == "difference of r" for ax in figure.axes)


def test_networks_are_averaged_without_the_diagonal():
    _, space = make_connectome()
    edges = np.where(np.isin(space.edges, range(5)).all(axis=1), 2.0, -1.0)
    ax = plot_connectome(edges, space=space, kind="networks")
    np.testing.assert_allclose(ax.get_images()[0].get_array(), [[2.0, -1.0], [-1.0, -1.0]])
    assert [text.get_text() for text in ax.get_yticklabels()] == ["default", "visual"]


def test_bad_connectomes():
    edges, space = make_connectome()
    with pytest.raises(ValueError, match="space must be the ConnectomeSpace"):
        plot_connectome(edges)
    with pytest.raises(ValueError, match=r"\(45,\) or \(10, 10\)"):
        plot_connectome(edges[:7], space=space)
    with pytest.raises(ValueError, match="kind"):
        plot_connectome(edges, space=space, kind="tree")
    bare = ConnectomeSpace(space.labels)
    with pytest.raises(ValueError, match="needs the coordinates"):
        plot_connectome(edges, space=bare)
    with pytest.raises(ValueError, match="needs ConnectomeSpace"):
        plot_connectome(edges, space=bare, kind="networks")


def test_lag_curve():
    lags = np.arange(-10.0, 15.5, 0.5)
    found = SimpleNamespace(
        lags=lags, r=-np.exp(-((lags - 1) ** 2) / 8), peak_lag=1.0, peak=-1.0, threshold=0.3,
        p_value=0.01,
    )  # fmt: skip
    ax = plot_lag_curve(found)
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), lags)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), found.r)
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["95 % of random phases", "+1 s, p = 0.01"]


def test_alignment_shows_volume_and_outline():
    rng = np.random.default_rng(0)
    affine = np.diag([6.0, 6.0, 6.0, 1.0])
    series = nib.Nifti1Image(rng.random((12, 12, 12, 3)).astype(np.float32), affine)
    mask = np.zeros((12, 12, 12), np.uint8)
    mask[3:9, 3:9, 3:9] = 1
    display = plot_alignment(series, nib.Nifti1Image(mask, affine), n_cuts=3)
    assert len(display.axes) == 3
    # the outline is a contour in the slices that cut it
    assert any(axes.ax.collections for axes in display.axes.values())
