"""Movement of the head: one trace for the images, the gradient artefact and induced voltages."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.interpolate import CubicSpline

from sklearn_neurofuse.datasets._simulation._random import poisson_times, slow_process

COLUMNS = ("trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z")
DT = 0.05
# displacements that count alike: 1 mm, and the rotation of a sphere of 50 mm that moves it so
_UNIT = np.array([1.0, 1.0, 1.0, *[1 / 50.0] * 3])
_BREATH = np.array([0.1, 0.6, 1.0, 1.0, 0.1, 0.1])
_NOD = np.array([0.1, 0.3, 0.6, 1.0, 0.3, 0.4])


@dataclass(frozen=True)
class HeadTrace:
    """Pose of the head over time.

    Parameters
    ----------
    times : ndarray of shape (n_times,)
        On the scanner's clock, in s.
    poses : ndarray of shape (n_times, 6)
        Translations in mm and rotations in radians.
    centre : ndarray of shape (3,)
        What the head turns about, in scanner mm.
    """

    times: np.ndarray
    poses: np.ndarray
    centre: np.ndarray

    def at(self, times):
        """Give poses at times in s, of shape (..., 6)."""
        return np.stack([np.interp(times, self.times, pose) for pose in self.poses.T], axis=-1)

    def rate_of_turn(self, times):
        """Give the angular velocity in radians per s, of shape (n_times, 3)."""
        velocity = np.gradient(self.poses[:, 3:], self.times, axis=0)
        return np.stack([np.interp(times, self.times, turn) for turn in velocity.T], axis=-1)

    def table(self, times):
        """Give the poses at times in s under fMRIPrep's column names."""
        return pd.DataFrame(self.at(times), columns=list(COLUMNS))

    def matrices(self, times, strength=1.0):
        """Give the matrices that bring the still head to its place, of shape (..., 4, 4)."""
        return pose_matrices(strength * self.at(times), self.centre)


def pose_matrices(poses, centre):
    r"""Give the rigid matrices of poses.

    A point of the still head at x is found at :math:`R(x - c) + c + t`, with
    :math:`R = R_x R_y R_z`, all rotations right-handed.

    Parameters
    ----------
    poses : ndarray of shape (..., 6)
        Translations in mm, rotations in radians.
    centre : ndarray of shape (3,)
        Centre c of the rotation in mm.

    Returns
    -------
    ndarray of shape (..., 4, 4)
        The matrices.
    """
    poses = np.asarray(poses, dtype=float)
    turns = [_axis_rotation(axis, poses[..., 3 + axis]) for axis in range(3)]
    turn = turns[0] @ turns[1] @ turns[2]
    matrices = np.zeros((*poses.shape[:-1], 4, 4))
    matrices[..., :3, :3] = turn
    matrices[..., :3, 3] = centre + poses[..., :3] - turn @ centre
    matrices[..., 3, 3] = 1.0
    return matrices


def _axis_rotation(axis, angle):
    first, second = (axis + 1) % 3, (axis + 2) % 3
    turn = np.zeros((*angle.shape, 3, 3))
    turn[..., axis, axis] = 1.0
    turn[..., first, first] = turn[..., second, second] = np.cos(angle)
    turn[..., first, second] = -np.sin(angle)
    turn[..., second, first] = np.sin(angle)
    return turn


def make_motion(rng, timing, physiology, options, centre, nods=(), nod_size=0.0):
    """Draw the movement of one run: zero at the first saved volume.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    timing : ScanTiming
        The scan.
    physiology : Physiology
        Whose breathing nods the head.
    options : HeadMotion
        Sizes.
    centre : ndarray of shape (3,)
        What the head turns about, in mm.
    nods : sequence of float, default=()
        Times at which the head nods and comes back, in s.
    nod_size : float, default=0.0
        Of these, in mm.

    Returns
    -------
    HeadTrace
        The movement.
    """
    times = np.arange(timing.start - 1.0, timing.stop + 1.0, DT)
    size = options.strength
    slow = np.stack([slow_process(rng, len(times), DT, 40.0) for _ in COLUMNS], axis=1)
    poses = size * options.drift * slow * _UNIT
    breath = physiology.breath(times)[:, None]
    poses += size * options.breathing * _BREATH * _UNIT * breath
    jerks = poisson_times(rng, times[0], times[-1], options.jerk_rate, 2.0)
    for when in jerks:
        direction = rng.standard_normal(6) * _UNIT
        poses += size * options.jerk * np.outer(_jerk(times - when, rng), direction)
    poses += _nods(times, nods, nod_size)
    zero = np.stack([np.interp(0.5 * timing.t_r, times, pose) for pose in poses.T])
    return HeadTrace(times, poses - zero, centre)


def _jerk(delay, rng):
    """Move within a third of a second, and most of the way back some seconds later."""
    back = rng.uniform(0.2, 1.0) * _rise(delay - rng.uniform(1.5, 5.0))
    return _rise(delay) - back


def _nods(times, onsets, size):
    """Nod after each onset and come back, of shape (n_times, 6)."""
    total = sum((_rise(times - t - 0.2) - _rise(times - t - 1.2) for t in onsets), 0.0 * times)
    return size * np.outer(total, _NOD * _UNIT)


def _rise(delay):
    return 0.5 * (1 + np.tanh(delay / 0.12))


def given_motion(trace, timing, centre, nods=(), nod_size=0.0):
    """Follow measured motion: one pose for the middle of each saved volume; nods are added."""
    middles = (np.arange(timing.n_volumes) + 0.5) * timing.t_r
    times = np.arange(timing.start - 1.0, timing.stop + 1.0, DT)
    inside = np.clip(times, middles[0], middles[-1])
    poses = CubicSpline(middles, trace, axis=0)(inside) + _nods(times, nods, nod_size)
    return HeadTrace(times, poses, centre)
