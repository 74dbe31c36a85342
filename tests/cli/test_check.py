"""What the page of quality says of clocks and of the template."""

import nibabel as nib
import numpy as np
import pytest
from sklearn.utils import Bunch

from sklearn_neurofuse import BoldRun
from sklearn_neurofuse.cli._check import _lag_findings
from sklearn_neurofuse.cli._check_pictures import draw, search_lag
from sklearn_neurofuse.fmri import TemplateNormalizer
from sklearn_neurofuse.fmri._template import load_template


@pytest.mark.parametrize(
    ("peak_lag", "p_value", "colour"),
    [(0.5, 0.01, "green"), (-4.5, 0.01, "amber"), (8.0, 0.01, "red"), (8.0, 0.4, "")],
)
def test_clocks_that_are_apart_are_told(peak_lag, p_value, colour):
    found = Bunch(peak=-0.4, peak_lag=peak_lag, p_value=p_value)
    (finding,) = _lag_findings(found)
    assert finding.colour == colour
    assert ("no lag told" in finding.value) == (p_value > 0.05)


def test_without_both_modalities_no_lag_is_told():
    assert search_lag({}) is None
    assert _lag_findings(None) == []


def test_a_run_is_shown_on_the_template():
    template = load_template("MNI152", 6.0)
    data = np.repeat(template.data[..., None], 2, axis=3)
    run = BoldRun(nib.Nifti1Image(data, template.affine), t_r=2.0)
    step = TemplateNormalizer(resolution=6.0)
    clock = Bunch(
        lags=np.arange(-5, 6.0), r=np.cos(np.arange(-5, 6.0)), peak_lag=0.0, peak=1.0,
        threshold=0.3, p_value=0.02,
    )  # fmt: skip
    pictures = dict(draw({"fmri": (run, run, [step])}, clock))
    assert list(pictures) == ["On the template", "Alpha power against BOLD"]
    assert all(png.startswith(b"\x89PNG") for png in pictures.values())
