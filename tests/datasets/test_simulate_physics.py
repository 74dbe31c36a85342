"""The parts of `simulate_eeg_fmri` that have a closed form or a second implementation."""

import mne
import numpy as np
import pytest
from nilearn.glm.first_level import spm_hrf

from sklearn_neurofuse.datasets._simulation._anatomy import HeadPlacement
from sklearn_neurofuse.datasets._simulation._haemodynamics import convolve, response
from sklearn_neurofuse.datasets._simulation._head_image import MovingImage, band_limit
from sklearn_neurofuse.datasets._simulation._leadfield import (
    CONDUCTIVITIES,
    RADII,
    dipole_potentials,
    sphere_gains,
)
from sklearn_neurofuse.datasets._simulation._motion import pose_matrices
from sklearn_neurofuse.datasets._simulation._random import coloured, slow_process, stream


def test_dipole_in_the_middle_of_a_uniform_sphere():
    directions = np.array([[0, 0, 1.0], [1, 0, 0], [0, 0.6, 0.8]])
    gains = sphere_gains(conductivities=(0.33,) * 4)
    found = dipole_potentials(
        directions, np.array([[0, 0, 1e-9]]), np.array([[0, 0, 1e-8]]), gains, 0.09
    )
    expected = 3 * 1e-8 * directions[:, 2] / (4 * np.pi * 0.33 * 0.09**2)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-6, atol=1e-13)


def test_eccentric_dipole_in_a_uniform_sphere(rng):
    # the closed form of a current source and sink in a sphere, each with its image
    electrode = np.array([0.3, -0.2, 0.9])
    electrode /= np.linalg.norm(electrode)
    place, moment = np.array([0.2, 0.3, 0.4]), np.array([0.5, -0.3, 0.2])
    gains = sphere_gains(conductivities=(1.0,) * 4, n_terms=200)
    found = dipole_potentials(electrode[None], place[None], moment[None], gains, 1.0)[0, 0]

    def of_source(where):
        gap = np.linalg.norm(electrode - where)
        return (2 / gap - np.log((1 - where @ electrode + gap) / 2)) / (4 * np.pi)

    step = 1e-5
    expected = sum(
        moment[axis] * (of_source(place + unit) - of_source(place - unit)) / (2 * step)
        for axis, unit in enumerate(step * np.eye(3))
    )
    assert found == pytest.approx(expected, rel=1e-6)


def solved_gain(n):
    """Solve all boundary conditions of one degree at once."""
    system, right = np.zeros((7, 7)), np.zeros(7)
    source = 1 / (4 * np.pi * CONDUCTIVITIES[0])
    for layer in range(3):
        radius = RADII[layer]
        inner, outer = CONDUCTIVITIES[layer], CONDUCTIVITIES[layer + 1]
        up, down = radius**n, radius ** -(n + 1.0)
        own, other = 2 * layer - 1, 2 * layer + 1
        rows = (2 * layer, 2 * layer + 1)
        scales = ((1.0, 1.0), (n * inner, n * outer))
        falls = ((1.0, 1.0), (-(n + 1) * inner, -(n + 1) * outer))
        for row, (grow_in, grow_out), (fall_in, fall_out) in zip(rows, scales, falls, strict=True):
            if layer == 0:
                system[row, 0] = grow_in * up
                right[row] = -fall_in * down * source
            else:
                system[row, own : own + 2] = grow_in * up, fall_in * down
            system[row, other : other + 2] = -grow_out * up, -fall_out * down
    system[6, 5:] = n, -(n + 1)
    solution = np.linalg.solve(system, right)
    return solution[5] + solution[6]


def test_layers_meet_every_boundary_condition():
    gains = sphere_gains(n_terms=12)
    np.testing.assert_allclose(gains, [solved_gain(n) for n in range(1, 13)], rtol=1e-9)


def test_layered_sphere_agrees_with_mne():
    names = ["Fz", "Cz", "Pz", "Oz", "C3", "C4", "T7", "F4", "P3"]
    info = mne.create_info(names, 100.0, "eeg")
    info.set_montage("colin27_1020")
    sphere = mne.make_sphere_model(
        (0.0, 0.0, 0.04), 0.09, info, RADII, CONDUCTIVITIES, verbose="error"
    )
    place = np.array([0.02, -0.03, 0.075])
    source = {"rr": place[None], "nn": np.array([[0, 0, 1.0]])}
    forward = mne.make_forward_solution(
        info,
        None,
        mne.setup_volume_source_space(pos=source, sphere=(0, 0, 0.04, 0.09), verbose="error"),
        sphere,
        meg=False,
        mindist=0,
        verbose="error",
    )
    expected = forward["sol"]["data"]
    electrodes = np.array([channel["loc"][:3] for channel in info["chs"]]) - (0, 0, 0.04)
    found = dipole_potentials(
        electrodes,
        np.repeat((place - (0, 0, 0.04))[None], 3, axis=0),
        np.eye(3),
        sphere_gains(),
        0.09,
    )
    # MNE fits equivalent dipoles, which is good to some percent
    found, expected = found - found.mean(axis=0), expected - expected.mean(axis=0)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.98
    assert np.linalg.norm(found) == pytest.approx(np.linalg.norm(expected), rel=0.1)


@pytest.mark.parametrize("peak", [4.0, 5.3, 7.0])
def test_response_peaks_where_it_shall(peak):
    shape = response(peak, 0.01)
    assert 0.01 * shape.argmax() == pytest.approx(peak, abs=0.02)
    assert shape.max() == pytest.approx(1.0)
    assert shape[0] == 0.0
    assert -0.4 < shape.min() < -0.1
    assert abs(shape[-1]) < 0.05
    impulse = np.zeros(400)
    impulse[50] = 2.0
    np.testing.assert_allclose(convolve(impulse, peak)[50:350], 2 * response(peak)[:300], atol=1e-9)


def test_response_is_not_the_canonical_one():
    canonical = spm_hrf(1.0, oversampling=10)[:320]
    canonical = canonical / canonical.max()
    ours = response(0.1 * canonical.argmax())[: len(canonical)]
    assert np.abs(ours - canonical).max() > 0.08


def test_coloured_noise_has_its_spectrum_and_unit_variance():
    noise = coloured(stream(0, "test"), (40,), 4000, 100.0, lambda f: (f > 10) & (f < 20))
    assert noise.std() == pytest.approx(1.0, abs=0.02)
    power = np.abs(np.fft.rfft(noise)) ** 2
    freqs = np.fft.rfftfreq(4000, 0.01)
    assert power[:, (freqs > 9.5) & (freqs < 20.5)].sum() > 0.99 * power.sum()
    slow = slow_process(stream(0, "slow"), 20_000, 0.1, 10.0)
    assert slow.std() == pytest.approx(1.0, abs=0.15)


def test_streams_differ_by_key_and_repeat():
    assert stream(0, "a", 1).random() == stream(0, "a", 1).random()
    assert len({stream(*key).random() for key in ((0, "a"), (0, "b"), (1, "a"), (0, "a", 1))}) == 4


def test_poses_are_rigid():
    poses = np.array([[1.0, 2.0, 3.0, 0.1, -0.2, 0.3], np.zeros(6)])
    matrices = pose_matrices(poses, np.array([5.0, 6.0, 7.0]))
    turn = matrices[0, :3, :3]
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(matrices[1], np.eye(4))
    quarter = pose_matrices(np.array([0, 0, 0, 0, 0, np.pi / 2]), np.zeros(3))
    np.testing.assert_allclose(quarter @ [1, 0, 0, 1], [0, 1, 0, 1], atol=1e-12)


def test_placement_and_its_inverse(rng):
    placement = HeadPlacement(rng, 1.0)
    places = rng.uniform(-80, 80, (50, 3))
    np.testing.assert_allclose(placement.to_mni(placement.from_mni(places)), places, atol=1e-6)


def test_band_limit_keeps_what_the_coarse_grid_holds(rng):
    coarse = rng.standard_normal((12, 10, 8)).astype(np.float32)
    smooth = band_limit(coarse, coarse.shape, factor=1, edge=1.0)
    fine = band_limit(coarse, coarse.shape, factor=3, edge=1.0)
    np.testing.assert_allclose(fine[::3, ::3, ::3], smooth, atol=1e-5)
    again = band_limit(fine, coarse.shape, factor=1, edge=1.0)
    np.testing.assert_allclose(again, smooth, atol=1e-5)


def test_spline_on_the_finer_grid_is_all_but_exact(rng):
    shape = (16, 14, 12)
    image = band_limit(rng.standard_normal(shape), shape, factor=1)
    places = rng.uniform(0, 12, (3, 200))
    found = MovingImage(band_limit(image, shape, edge=1.0)).at(places)
    spectrum = np.fft.fftn(image) / image.size
    waves = [
        np.exp(2j * np.pi * np.outer(place, np.fft.fftfreq(size)))
        for place, size in zip(places, shape, strict=True)
    ]
    expected = np.einsum("xyz,nx,ny,nz->n", spectrum, *waves, optimize=True).real
    # white up to the edge of k-space, which no head is
    assert np.abs(found - expected).max() < 0.02 * image.std()
