"""Registration of one volume to another, by dipy."""

import numpy as np
from dipy.align.imaffine import (
    AffineRegistration,
    MutualInformationMetric,
    transform_centers_of_mass,
)
from dipy.align.imwarp import SymmetricDiffeomorphicRegistration
from dipy.align.metrics import CCMetric
from dipy.align.transforms import AffineTransform3D, RigidTransform3D
from scipy import ndimage

_N_BINS = 32
# share of the voxels that the mutual information looks at
_SAMPLED = 0.1
# from rough to fine: iterations, edges of the voxels in mm, smoothing in voxels
_ITERATIONS, _EDGES, _SMOOTHED = (100, 50), (8.0, 4.0), (3.0, 1.0)
# the first of the two only to match contrasts
_WARP_ITERATIONS = (40, 20, 0), (60, 30, 10)
# of the window and of the steps, in voxels
_WARP_RADIUS, _STEP_SMOOTHED = 3, 4.0
# of the volumes, whose detail coarse voxels do not hold, and of the warp, in mm
_DETAIL_MM, _WARP_MM = 2.0, 4.0
_N_LEVELS = 24
_BORDER_MM = 6.0


def register_affine(static, static_affine, moving, moving_affine, *, rigid=False, static_mask=None):
    """Find the affine by mutual information, first rigid; and again from there.

    Parameters
    ----------
    static : ndarray of shape (x, y, z)
        A volume of any contrast.
    static_affine : ndarray of shape (4, 4)
        Its voxels to mm.
    moving : ndarray of shape (x, y, z)
        Another volume.
    moving_affine : ndarray of shape (4, 4)
        Its voxels to mm.
    rigid : bool, default=False
        Whether to stop at six parameters.
    static_mask : ndarray of bool, default=None
        Where `static` is looked at; None is everywhere.

    Returns
    -------
    ndarray of shape (4, 4)
        A point of the world of `static` to where it lies in that of `moving`.
    """
    static, moving = _scaled(static), _scaled(moving)
    # dipy takes no read-only arrays
    static_affine, moving_affine = np.array(static_affine), np.array(moving_affine)
    edge = np.linalg.norm(static_affine[:3, :3], axis=0).min()
    search = AffineRegistration(
        # dipy minds no mask where it takes a sample
        metric=MutualInformationMetric(
            nbins=_N_BINS, sampling_proportion=_SAMPLED if static_mask is None else None
        ),
        level_iters=list(_ITERATIONS),
        factors=[max(1, round(wanted / edge)) for wanted in _EDGES],
        sigmas=list(_SMOOTHED),
        verbosity=0,
    )
    mask = None if static_mask is None else static_mask.astype(np.int32)
    kinds = (RigidTransform3D,) if rigid else (RigidTransform3D, AffineTransform3D)
    place = np.eye(4)
    # the second time from where the first one ended, so that the pose that the header tells, from
    # which turns and shears are counted, hardly matters
    for _ in range(2):
        pose = np.linalg.inv(place) @ moving_affine
        # a search turns and scales about the origin, so that both brains are put there
        place = place @ transform_centers_of_mass(static, static_affine, moving, pose).affine
        # to the nm, as rounding of large origins would grow in the search
        pose = np.round(np.linalg.inv(place) @ moving_affine, 6)
        place = place @ _search(search, static, static_affine, moving, pose, kinds, mask)
    return place


def _search(search, static, static_affine, moving, moving_affine, kinds, mask):
    found = np.eye(4)
    for kind in kinds:
        found = search.optimize(
            static,
            moving,
            kind(),
            None,
            static_grid2world=static_affine,
            moving_grid2world=moving_affine,
            starting_affine=found,
            static_mask=mask,
        ).affine
    return np.asarray(found)


def register_warp(template, moving, inside):
    """Find the symmetric diffeomorphic warp by local cross-correlation (SyN).

    The template is first given the contrast of `moving`, so that edges of one and the same sign
    meet; and again once they meet roughly. In the end the warp is smoothed, since what it has of
    fine detail is noise.

    Parameters
    ----------
    template : Template
        What stands still.
    moving : ndarray of shape (x, y, z)
        Volume on the grid of the template, roughly aligned.
    inside : ndarray of bool of shape (x, y, z)
        Where `moving` was measured.

    Returns
    -------
    ndarray of float32 of shape (x, y, z, 3)
        For each voxel of the template, from its place to that in `moving`, in mm.
    """
    mask = template.mask & inside
    moving = np.where(inside, moving, np.float32(0))
    seen = moving
    for iterations in _WARP_ITERATIONS:
        static = np.where(mask, match_contrast(template, seen, mask), 0.0)
        field = _syn(static, moving, template.affine, iterations)
        voxels = np.moveaxis(np.indices(mask.shape, dtype=np.float32), 0, -1)
        places = voxels + field / template.affine[0, 0]
        seen = ndimage.map_coordinates(moving, np.moveaxis(places, -1, 0), order=1)
    return ndimage.gaussian_filter(
        field, _WARP_MM / template.affine[0, 0], mode="nearest", axes=(0, 1, 2)
    )


def _syn(static, moving, affine, iterations):
    metric = CCMetric(3, sigma_diff=_STEP_SMOOTHED, radius=_WARP_RADIUS)
    # a coarse grid must still hold the window of the correlation
    wanted = 2 * _WARP_RADIUS + 2
    fits = [min(static.shape) >= wanted * 2**level for level in range(len(iterations))]
    n_levels = sum(fits)
    if n_levels == 0:
        raise ValueError(
            f"kind='syn' needs at least {wanted} voxels of the template along each axis, got "
            f"{static.shape}; use kind='affine' or a finer resolution"
        )
    search = SymmetricDiffeomorphicRegistration(metric, level_iters=list(iterations[-n_levels:]))
    search.verbosity = 0
    static, moving = (
        ndimage.gaussian_filter(_scaled(volume), _DETAIL_MM / affine[0, 0])
        for volume in (static, moving)
    )
    mapping = search.optimize(
        static,
        moving,
        static_grid2world=np.array(affine),
        moving_grid2world=np.array(affine),
    )
    field = mapping.backward if mapping.is_inverse else mapping.forward
    return np.asarray(field, dtype=np.float32)


def match_contrast(template, moving, mask):
    """Give the template the contrast of a volume, as well as that can be told [1]_.

    Parameters
    ----------
    template : Template
        With tissues, whose intensities are fitted, or without: then each intensity is replaced by
        the mean of `moving` where it stands.
    moving : ndarray of shape (x, y, z)
        Volume on the grid of the template.
    mask : ndarray of bool of shape (x, y, z)
        Where both are looked at.

    Returns
    -------
    ndarray of shape (x, y, z)
        Of use inside the mask.

    Raises
    ------
    ValueError
        If the two do not overlap.

    References
    ----------
    .. [1] Guimond A et al., Three-dimensional multimodal brain warping using the demons algorithm
       and adaptive intensity corrections. IEEE Trans Med Imaging 20 (2001) 58-69.
       doi:10.1109/42.906425
    """
    both = mask & (moving > 0)
    if both.sum() < _N_LEVELS:
        raise ValueError("the volumes do not overlap after their affine registration")
    # at the border voxels are half empty
    depth = ndimage.distance_transform_edt(both) * template.affine[0, 0]
    both = depth > min(_BORDER_MM, depth.max() / 2)
    if template.tissues is not None:
        shares = np.stack([tissue[both] for tissue in template.tissues], axis=1)
        levels = np.linalg.lstsq(shares, moving[both], rcond=None)[0]
        return np.tensordot(levels, np.stack(template.tissues), 1)
    edges = np.unique(np.quantile(template.data[both], np.linspace(0, 1, _N_LEVELS + 1)))
    level = np.clip(np.digitize(template.data[both], edges) - 1, 0, max(len(edges) - 2, 0))
    counts = np.bincount(level)
    means = np.bincount(level, moving[both]) / np.maximum(counts, 1)
    middles = np.bincount(level, template.data[both]) / np.maximum(counts, 1)
    return np.interp(template.data, middles[counts > 0], means[counts > 0])


def sample_at(volume, voxel_map, shape, order=1):
    """Interpolate a volume at the voxels of another grid, zero outside.

    Parameters
    ----------
    volume : ndarray of shape (x, y, z)
        Values.
    voxel_map : ndarray of shape (4, 4)
        Voxels of the other grid to voxels of `volume`.
    shape : tuple of int
        Of the other grid.
    order : int, default=1
        Of the splines.

    Returns
    -------
    ndarray of float32
        The values.
    """
    return ndimage.affine_transform(
        np.asarray(volume, dtype=np.float32),
        voxel_map[:3, :3],
        voxel_map[:3, 3],
        output_shape=tuple(shape),
        output=np.float32,
        order=order,
    )


def _scaled(volume):
    volume = np.ascontiguousarray(volume, dtype=float)
    top = np.percentile(volume[volume > 0], 99) if (volume > 0).any() else 1.0
    # a few bright vessels would take most of the histogram
    return np.clip(volume, 0.0, 1.5 * top) / top
