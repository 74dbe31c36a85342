"""The figure of attention, by what is drawn."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from sklearn_neurofuse.inspection import AttentionMaps
from sklearn_neurofuse.plotting import plot_attention


@pytest.fixture
def attention(make_multimodal):
    X = make_multimodal(6)
    maps = {"fmri": np.zeros(X["fmri"].shape), "eeg": np.zeros(X["eeg"].shape)}
    maps["fmri"][:, 1, 2, 1] = 0.7
    maps["eeg"][:3, :, 4] = 0.3 / 4
    maps["eeg"][3:, :, 10] = 0.3 / 4
    share = pd.DataFrame({"fmri": np.full(6, 0.7), "eeg": np.full(6, 0.3)})
    yield AttentionMaps(maps, X.layout, share)
    plt.close("all")


def test_brain_time_and_share_stand_in_one_figure(attention):
    figure = plot_attention(attention, target=[0] * 3 + [1] * 3, target_names=["rest", "task"])
    course = next(ax for ax in figure.axes if ax.get_xlabel() == "time (s)")
    rest, task = course.get_lines()
    assert rest.get_ydata().max() == pytest.approx(30)
    assert [np.argmax(line.get_ydata()) for line in (rest, task)] == [4, 10]
    assert [text.get_text() for text in course.get_legend().get_texts()] == ["rest", "task"]
    share = figure.axes[-1]
    texts = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert {"fmri 70%", "eeg 30%"} <= set(texts)
    assert share is not course
    assert "mean over 6 samples" in figure.get_suptitle()


def test_one_sample_has_its_own_figure(attention):
    figure = plot_attention(attention, index=4)
    course = next(ax for ax in figure.axes if ax.get_xlabel() == "time (s)")
    (line,) = course.get_lines()
    assert np.argmax(line.get_ydata()) == 10


def test_bad_input(attention):
    with pytest.raises(TypeError, match="AttentionMaps"):
        plot_attention(np.zeros(3))
    with pytest.raises(ValueError, match="6 labels, got 2"):
        plot_attention(attention, target=[0, 1])
    with pytest.raises(IndexError, match="index"):
        plot_attention(attention, index=7)
