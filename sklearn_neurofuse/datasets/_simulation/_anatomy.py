"""Tissues of the MNI152 template, and how a person's head lies in the scanner."""

from functools import cache

import numpy as np
from nibabel.affines import apply_affine
from nilearn.datasets import (
    load_mni152_brain_mask,
    load_mni152_gm_template,
    load_mni152_wm_template,
)
from scipy.ndimage import distance_transform_edt, map_coordinates
from scipy.spatial.transform import Rotation

# middle of the field of view, in MNI mm
MIDDLE = np.array([0.0, -18.0, 4.0])
# signal of a T2*-weighted image, and T1 in s at 3 T, of grey and white matter, CSF and scalp
SIGNAL = {"grey": 1.0, "white": 0.82, "csf": 1.35, "scalp": 0.25}
T1 = {"grey": 1.35, "white": 0.85, "csf": 4.0, "scalp": 0.4}
# where air near the brain makes the signal fade: MNI mm, width in mm, depth
_HOLES = (((0, 38, -22), 13.0, 0.8), ((48, -10, -34), 11.0, 0.5), ((-48, -10, -34), 11.0, 0.5))
_SCALP = (7.0, 13.0)
_STEP = 2
_N_WAVES = 6


@cache
def tissues():
    """Give the tissues at 2 mm: dict of ndarray, and the affine to MNI mm."""
    grey = load_mni152_gm_template(resolution=1)
    affine = grey.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ np.full(3, 0.5 * (_STEP - 1))
    affine[:3, :3] *= _STEP
    parts = {
        "grey": _halved(grey),
        "white": _halved(load_mni152_wm_template(resolution=1)),
    }
    brain = _halved(load_mni152_brain_mask(resolution=1))
    parts["csf"] = np.clip(brain - parts["grey"] - parts["white"], 0, 1)
    away = _STEP * distance_transform_edt(brain < 0.5)
    parts["scalp"] = ((away >= _SCALP[0]) & (away <= _SCALP[1])).astype(np.float32)
    for part in parts.values():
        part.flags.writeable = False
    return parts, affine


def _halved(img):
    data = np.asanyarray(img.dataobj, dtype=np.float32)
    data = data / data.max()
    data = data[tuple(slice(0, size // _STEP * _STEP) for size in data.shape)]
    x, y, z = (size // _STEP for size in data.shape)
    return data.reshape(x, _STEP, y, _STEP, z, _STEP).mean(axis=(1, 3, 5))


def tissue_at(mni, names=tuple(SIGNAL)):
    """Give the share of each tissue at places of shape (..., 3) in MNI mm."""
    parts, affine = tissues()
    index = np.moveaxis(apply_affine(np.linalg.inv(affine), mni), -1, 0)
    return {name: map_coordinates(parts[name], index, order=1, mode="constant") for name in names}


@cache
def _weighted(weights):
    """Give the weighted sum of tissues at 2 mm, so that it is looked up in one go."""
    parts, _ = tissues()
    return sum(np.float32(weight) * parts[name] for name, weight in weights)


def weighted_at(mni, weights):
    """Give the weighted sum of the shares of tissues, of shape (...), at places in MNI mm."""
    _, affine = tissues()
    index = np.moveaxis(apply_affine(np.linalg.inv(affine), mni), -1, 0)
    return map_coordinates(_weighted(tuple(weights.items())), index, order=1, mode="constant")


def signal_at(mni, dropout):
    """Give the signal of the scanner at places in MNI mm: grey matter is one."""
    return (weighted_at(mni, SIGNAL) * dropout_at(mni, dropout)).astype(np.float32)


def dropout_at(mni, dropout):
    """Give what air near the brain leaves of the signal at places in MNI mm."""
    left = np.ones(mni.shape[:-1], dtype=np.float32)
    for place, width, depth in _HOLES if dropout > 0 else ():
        away = mni - np.array(place, dtype=mni.dtype)
        distance = np.einsum("...i,...i->...", away, away)
        left *= np.clip(1 - dropout * depth * np.exp(-0.5 * distance / width**2), 0, None)
    return left


def t1_at(mni):
    """Give the longitudinal relaxation time in s at places in MNI mm."""
    total = weighted_at(mni, dict.fromkeys(T1, 1.0))
    weighted = weighted_at(mni, T1)
    return np.where(total > 0.05, weighted / np.maximum(total, 0.05), T1["grey"])


class HeadPlacement:
    """Where a person's head lies: scanner mm to MNI mm and back.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    spread : float
        How much people differ; 0 makes scanner space MNI space.
    """

    def __init__(self, rng, spread):
        degrees = spread * rng.normal(0.0, [5.0, 2.0, 2.0])
        scale = np.exp(spread * rng.normal(0.0, [0.03, 0.03, 0.03]))
        turn = Rotation.from_euler("xyz", degrees, degrees=True).as_matrix() @ np.diag(scale)
        offset = spread * rng.normal(0.0, [2.0, 4.0, 4.0])
        self.affine = np.eye(4)
        self.affine[:3, :3] = turn
        self.affine[:3, 3] = MIDDLE + offset - turn @ MIDDLE
        self.inverse = np.linalg.inv(self.affine)
        lengths = rng.uniform(90.0, 180.0, _N_WAVES)
        directions = rng.standard_normal((_N_WAVES, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        self._waves = 2 * np.pi * directions / lengths[:, None]
        self._phases = rng.uniform(0, 2 * np.pi, _N_WAVES)
        self._sizes = spread * 1.2 * rng.standard_normal((_N_WAVES, 3))

    def to_mni(self, places):
        """Map places of shape (..., 3) from scanner mm to MNI mm, in their precision."""
        inverse, waves, phases, sizes = (
            part.astype(places.dtype)
            for part in (self.inverse, self._waves, self._phases, self._sizes)
        )
        straight = apply_affine(inverse, places)
        return straight + np.cos(straight @ waves.T + phases) @ sizes

    def from_mni(self, places):
        """Map places from MNI mm to scanner mm, by fixed-point iteration."""
        places = np.asarray(places, dtype=float)
        straight = places
        for _ in range(30):
            straight = places - np.cos(straight @ self._waves.T + self._phases) @ self._sizes
        return apply_affine(self.affine, straight)
