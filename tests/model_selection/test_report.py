"""Pages that need nothing from outside, and pictures that say what they should."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_curve
from sklearn.naive_bayes import GaussianNB

from sklearn_neurofuse.model_selection import (
    RepeatedStratifiedGroupKFold,
    compare,
    evaluate,
)
from sklearn_neurofuse.model_selection._curves import _one_precision_recall, _one_roc
from sklearn_neurofuse.model_selection._report._html import cell, foreign
from sklearn_neurofuse.model_selection._report._svg import Canvas, label, ticks

CV = RepeatedStratifiedGroupKFold(4, n_repeats=2, random_state=0)
# a PNG of one pixel
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63600000"
    "00020001e221bc330000000049454e44ae426082"
)
VOID = {"meta", "img", "br"}


class Checker(HTMLParser):
    """Sees that tags are closed and that nothing is loaded."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.outside = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href") and not value.startswith("data:"):
                self.outside.append(value)
        if tag in ("script", "link", "iframe"):
            self.outside.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def check(page):
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    assert checker.outside == []
    assert "url(" not in page
    assert "@import" not in page
    assert page.startswith("<!DOCTYPE html>")


@pytest.fixture
def report(problem, rng):
    X, y, groups = problem
    confounds = pd.DataFrame({"age <years>": rng.standard_normal(60), "motion": y + 0.0})
    return evaluate(LogisticRegression(), X, np.array(["<well>", "ill"])[y], groups=groups, cv=CV,
                    confounds=confounds, n_permutations=20, learning_curve=[0.5, 1.0],
                    random_state=0)  # fmt: skip


def test_page_of_an_evaluation(report, tmp_path):
    page = report.to_html(tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == page
    check(page)
    for text in (
        "What was not checked", "ROC curve", "Calibration", "Decision curve", "Permutation test",
        "Learning curve", "Clinical criteria", "TRIPOD+AI", "scikit-learn: ", "seed",
        "Posterior of balanced accuracy", "above chance",
    ):  # fmt: skip
        assert text in page
    # names are data, not markup
    assert "&lt;well&gt;" in page
    assert "<well>" not in page
    assert "age &lt;years&gt;" in page
    for said in report.statements:
        assert re.sub(r"[<>&'\"].*", "", said.text)[:40] in page


def test_page_of_a_comparison(problem, tmp_path):
    X, y, groups = problem
    found = compare({"a & b": GaussianNB()}, X, y, groups=groups, cv=CV, random_state=0)
    page = found.to_html(tmp_path / "a.html", figures=[("one", "<svg></svg>")])
    check(page)
    assert "a &amp; b" in page
    alone = compare({"one": GaussianNB()}, X, y, groups=groups, cv=CV, baselines=False)
    check(alone.to_html())


def test_pictures_from_elsewhere(report):
    given = [
        ("a map", '<?xml version="1.0"?>\n<svg viewBox="0 0 1 1"></svg>'),
        ("a photograph", PIXEL),
        ("a table", "<table><tr><td>1</td></tr></table>"),
        ("ours", report.plot("roc")),
    ]
    page = report.to_html(figures=given)
    check(page)
    assert "<?xml" not in page
    assert "data:image/png;base64," in page
    for title, _ in given:
        assert f"<b>{title}</b>" in page
    with pytest.raises(ValueError, match="bytes must be PNG"):
        foreign("no picture", b"GIF89a")
    with pytest.raises(TypeError, match="SVG or HTML text or PNG bytes, got int"):
        foreign("no picture", 3)


@pytest.mark.parametrize(
    "kind",
    ["posterior", "metrics", "roc", "precision_recall", "calibration", "net_benefit", "confounds",
     "permutation", "learning_curve"],
)  # fmt: skip
def test_pictures(report, kind, tmp_path):
    picture = report.plot(kind)
    root = ElementTree.fromstring(picture.svg)
    assert root.tag.endswith("svg")
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == picture.title
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for line in root.iter("{http://www.w3.org/2000/svg}polyline"):
        for pair in line.attrib["points"].split():
            x, y = map(float, pair.split(","))
            assert -1 <= x <= width + 1
            assert -1 <= y <= height + 1
    picture.save(tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == picture._repr_svg_()
    assert repr(picture) == f"SvgFigure({picture.title!r})"


def test_no_such_picture(report, problem):
    with pytest.raises(ValueError, match=r"^Evaluation.plot: kind must be one of .*'roc'"):
        report.plot("roq")
    X, y, groups = problem
    bare = evaluate(GaussianNB(), X, y, groups=groups, cv=CV, baselines=False)
    with pytest.raises(ValueError, match="has nothing to show as 'permutation'"):
        bare.plot("permutation")
    found = compare({"one": GaussianNB()}, X, y, groups=groups, cv=CV)
    assert found.plot("differences").svg.startswith("<svg")
    with pytest.raises(ValueError, match=r"^Comparison.plot: kind must be one of"):
        found.plot("roc")


def test_curves_are_scikit_learns(rng):
    y = rng.uniform(size=50) < 0.4
    score = np.round(y + rng.standard_normal(50), 1)
    grid = np.linspace(0, 1, 101)
    ours = _one_roc(y, score)
    alarms, hits, _ = roc_curve(y, score)
    np.testing.assert_allclose(ours[1:], np.interp(grid, alarms, hits)[1:])
    precision = _one_precision_recall(y, score)
    for recall, value in zip(grid, precision, strict=True):
        cuts = [c for c in np.unique(score) if (score[y] >= c).mean() >= recall]
        best = max(y[score >= c].mean() for c in cuts)
        assert value == pytest.approx(best) or recall == 0


def test_ticks():
    np.testing.assert_allclose(ticks(0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1])
    assert len(ticks(-0.31, 1.04)) <= 7
    assert [label(v, ticks(0, 1)) for v in ticks(0, 1)][1] == "0.2"
    assert label(-0.5, np.array([-0.5, 0])) == "\N{MINUS SIGN}0.5"


def test_canvas_maps_values_to_pixels():
    plot = Canvas((0, 2), (0, 1), width=100, height=80, margins=(10, 10, 5, 15))
    assert (plot.x(0), plot.x(2)) == (10, 90)
    assert (plot.y(0), plot.y(1)) == (65, 5)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.12345, "0.123"), (-0.5, "\N{MINUS SIGN}0.500"), (np.nan, "\N{EN DASH}"),
        (12345.6, "12346"), (True, "yes"), (3, "3"), ("a", "a"), (0.0, "0.000"),
        (0.0001, "<0.001"),
    ],
)  # fmt: skip
def test_cells(value, text):
    assert cell(value) == text
