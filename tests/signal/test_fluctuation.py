"""Amplitude of slow fluctuations."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_neurofuse.signal._fluctuation import fluctuation

TIMES = np.arange(200) * 2.0


def test_amplitude_of_a_sinusoid():
    # 8 whole periods in 400 s
    wave = 3.0 * np.sin(2 * np.pi * 0.02 * TIMES)[:, None]
    n_inside = np.sum(
        (np.fft.rfftfreq(200, 2.0)[1:] >= 0.0149) & (np.fft.rfftfreq(200, 2.0)[1:] <= 0.0251)
    )
    found = fluctuation(wave + 100, 2.0, (0.0149, 0.0251), relative=False)
    # the straight line that is taken off a sine leaks a little
    assert_allclose(found, 3.0 / n_inside, rtol=0.06)


def test_share_of_two_sinusoids():
    slow, fast = (np.cos(2 * np.pi * f * TIMES) for f in (0.05, 0.2))
    signals = np.column_stack([slow, fast, slow + fast, 3 * slow + fast])
    share = fluctuation(signals, 2.0, (0.01, 0.08), relative=True)
    assert_allclose(share, [1, 0, 0.5, 0.75], atol=0.03)


def test_constants_and_lines_have_none():
    signals = np.column_stack([np.full(200, 7.3), TIMES])
    assert_allclose(fluctuation(signals, 2.0, (0.01, 0.08), relative=False), 0, atol=1e-9)
    assert fluctuation(signals, 2.0, (0.01, 0.08), relative=True)[0] == 0


def test_band_that_the_series_does_not_tell_of():
    with pytest.raises(ValueError, match=r"no frequency lies in the band of 0.3 to 0.4 Hz"):
        fluctuation(TIMES[:, None], 2.0, (0.3, 0.4), relative=False)
