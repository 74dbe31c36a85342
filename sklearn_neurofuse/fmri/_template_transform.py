"""`TemplateTransform`: the way from a template to a run."""

from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.affines import apply_affine
from scipy import ndimage

from sklearn_neurofuse.fmri._affine_files import read_affines, write_affines

_AFFINE, _WARP = "affine.txt", "warp.nii.gz"
_VECTORS = 1007
# ITK counts the first two axes the other way round
_TO_ITK = np.array([-1.0, -1.0, 1.0], dtype=np.float32)


class TemplateTransform:
    r"""The way from places in a template to places in a run.

    A place :math:`x` of the template lies in the run at :math:`A (x + d(x))`, with the affine
    :math:`A` and, for a deformable registration, the displacement :math:`d`.

    Parameters
    ----------
    affine : array-like of shape (4, 4)
        World of the template to that of the run, in mm (RAS).
    warp : array-like of shape (x, y, z, 3), default=None
        Displacement in mm (RAS) on a grid of the template; None is none.
    warp_affine : array-like of shape (4, 4), default=None
        Voxels of that grid to mm; needed with a warp.

    Attributes
    ----------
    affine, warp, warp_affine : ndarray or None
        As given.

    Raises
    ------
    ValueError
        If shapes are others, or a warp comes without its grid.

    See Also
    --------
    TemplateNormalizer.estimate : What gives it.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse.fmri import TemplateTransform
    >>> moved = np.eye(4)
    >>> moved[:3, 3] = 2.0, 0.0, -1.0
    >>> TemplateTransform(moved).apply_to_points([[10.0, 20.0, 30.0]])
    array([[12., 20., 29.]])
    """

    def __init__(self, affine, warp=None, warp_affine=None):
        self.affine = _matrix("affine", affine)
        self.warp = None if warp is None else np.asarray(warp, dtype=np.float32)
        if self.warp is not None and (self.warp.ndim != 4 or self.warp.shape[3] != 3):
            raise ValueError(
                f"TemplateTransform: warp must have shape (x, y, z, 3), got {self.warp.shape}"
            )
        if (warp is None) != (warp_affine is None):
            raise ValueError("TemplateTransform: warp and warp_affine must be given together")
        self.warp_affine = None if warp is None else _matrix("warp_affine", warp_affine)

    def apply_to_points(self, points):
        """Bring places of the template to the run.

        Parameters
        ----------
        points : array-like of shape (..., 3)
            In mm.

        Returns
        -------
        ndarray of shape (..., 3)
            In mm.
        """
        points = np.asarray(points, dtype=float)
        if self.warp is not None:
            places = np.moveaxis(apply_affine(np.linalg.inv(self.warp_affine), points), -1, 0)
            # beyond its grid the displacement goes on
            parts = [
                ndimage.map_coordinates(self.warp[..., axis], places, order=1, mode="nearest")
                for axis in range(3)
            ]
            points = points + np.stack(parts, axis=-1)
        return apply_affine(self.affine, points)

    def places(self, affine, shape):
        """Give where the voxels of a grid of the template lie in the run.

        Parameters
        ----------
        affine : array-like of shape (4, 4)
            Voxels of the grid to mm.
        shape : tuple of int
            Of the grid.

        Returns
        -------
        ndarray of float32 of shape (x, y, z, 3)
            In mm.
        """
        voxels = np.moveaxis(np.indices(tuple(shape), dtype=np.float32), 0, -1)
        return self.apply_to_points(apply_affine(affine, voxels)).astype(np.float32)

    def save(self, folder):
        """Write the transform as ITK and ANTs read it.

        Parameters
        ----------
        folder : path-like
            Gets ``affine.txt`` and, with a warp, ``warp.nii.gz``; made where it is not there.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        write_affines(folder / _AFFINE, self.affine[None])
        if self.warp is None:
            (folder / _WARP).unlink(missing_ok=True)
            return
        img = nib.Nifti1Image((self.warp * _TO_ITK)[..., None, :], self.warp_affine)
        img.header.set_intent(_VECTORS)
        nib.save(img, folder / _WARP)

    @classmethod
    def load(cls, folder):
        """Read what `save` wrote.

        Parameters
        ----------
        folder : path-like
            With ``affine.txt``.

        Returns
        -------
        TemplateTransform
            The transform.
        """
        affine = read_affines(Path(folder) / _AFFINE)[0]
        path = Path(folder) / _WARP
        if not path.exists():
            return cls(affine)
        img = nib.load(path)
        return cls(affine, np.asanyarray(img.dataobj)[..., 0, :] * _TO_ITK, img.affine)

    def __repr__(self):
        if self.warp is None:
            return "TemplateTransform(affine)"
        largest = np.linalg.norm(self.warp, axis=-1).max()
        return f"TemplateTransform(affine and warp of up to {largest:.1f} mm)"


def _matrix(name, matrix):
    matrix = np.array(matrix, dtype=float)
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
        raise ValueError(f"TemplateTransform: {name} must be a finite (4, 4) matrix")
    return matrix
