"""Volumes: voxels with a position in millimetres."""

import nibabel as nib
import numpy as np

from sklearn_neurofuse.containers._space import Space

# NIfTI's form code 4 says "an MNI template" and not which one.
_FORM_CODES = {3: "Talairach", 4: "MNI152"}
NATIVE = "native"


@Space.register
class VolumeSpace(Space):
    """Where the voxels of a volume lie.

    Parameters
    ----------
    affine : array-like of shape (4, 4)
        Voxel indices to millimetres.
    mask : array-like of bool of shape (x, y, z), default=None
        The voxels kept. With a mask, samples are either volumes of its shape or the vectors of
        its True voxels in C order.
    space : str, default="MNI152NLin2009cAsym"
        Name of the coordinate system, as in BIDS derivatives: ``"MNI152NLin2009cAsym"``
        (fMRIPrep), ``"MNI152NLin6Asym"`` (FSL, HCP), ``"MNI152"`` (a template not told
        further), or ``"native"``. Data of different spaces are never stacked.

    Attributes
    ----------
    affine : ndarray of shape (4, 4)
        Read-only copy.
    mask : ndarray of bool of shape (x, y, z) or None
        Read-only copy.
    space : str
        Name of the coordinate system.

    Raises
    ------
    ValueError
        If the affine is not a finite invertible (4, 4) matrix or the mask not 3-D or empty.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse.containers import VolumeSpace
    >>> space = VolumeSpace(np.diag([3.0, 3.0, 3.0, 1.0]))
    >>> space.to_nifti(np.ones((5, 4, 4, 2))).shape
    (4, 4, 2, 5)
    """

    def __init__(self, affine, mask=None, space="MNI152NLin2009cAsym"):
        self.affine = _read_only(_check_affine(affine))
        self.mask = None if mask is None else _read_only(_check_mask(mask))
        self.space = str(space)

    @classmethod
    def from_img(cls, img):
        """Read the space of a NIfTI image.

        Parameters
        ----------
        img : nibabel image
            A 3-D or 4-D image. Its form code names the space: MNI, Talairach, otherwise native.

        Returns
        -------
        VolumeSpace
            Without a mask.
        """
        header = img.header
        code = 0
        if _has_codes(img):
            # the affine is the sform's where there is one
            code = int(header["sform_code"]) or int(header["qform_code"])
        return cls(img.affine, space=_FORM_CODES.get(code, NATIVE))

    @property
    def voxel_sizes(self):
        """Edge lengths of a voxel in mm, ndarray of shape (3,)."""
        return nib.affines.voxel_sizes(self.affine)

    def check(self, sample_shape):
        """Raise ValueError unless samples are volumes or vectors of voxels in the mask.

        Parameters
        ----------
        sample_shape : tuple of int
            Shape of one sample.
        """
        if len(sample_shape) == 3 and (self.mask is None or self.mask.shape == sample_shape):
            return
        if len(sample_shape) == 1 and self.mask is not None and self._n_voxels == sample_shape[0]:
            return
        if self.mask is None:
            expected = "(x, y, z); vectors of voxels need a mask"
        else:
            expected = f"{self.mask.shape} or ({self._n_voxels},), as the mask has it"
        raise ValueError(
            f"VolumeSpace: one sample must have shape {expected}, got {tuple(sample_shape)}"
        )

    @property
    def _form_code(self):
        return next((c for c, name in _FORM_CODES.items() if self.space.startswith(name)), 2)

    @property
    def _n_voxels(self):
        return int(np.count_nonzero(self.mask))

    def to_volume(self, data):
        """Put vectors of voxels back into volumes; volumes pass through.

        Parameters
        ----------
        data : ndarray of shape (..., n_voxels) or (..., x, y, z)
            Values, with or without leading sample axes.

        Returns
        -------
        ndarray of shape (..., x, y, z)
            Zero outside the mask where vectors were given.
        """
        data = np.asarray(data)
        if self.mask is None or data.shape[-3:] == self.mask.shape:
            return data
        self.check(data.shape[-1:])
        volume = np.zeros((*data.shape[:-1], *self.mask.shape), dtype=data.dtype)
        volume[..., self.mask] = data
        return volume

    def to_nifti(self, data):
        """Give samples as a NIfTI image.

        Parameters
        ----------
        data : ndarray of shape (n_samples, x, y, z), (n_samples, n_voxels) or one sample of these
            Values in this space.

        Returns
        -------
        nibabel.Nifti1Image
            4-D with samples on the last axis, or 3-D for one sample without a sample axis.
        """
        volume = self.to_volume(data)
        if volume.ndim not in (3, 4):
            self.check(volume.shape[1:])
        volume = volume.astype(_nifti_type(volume.dtype), copy=False)
        if volume.ndim == 4:
            volume = np.moveaxis(volume, 0, -1)
        img = nib.Nifti1Image(volume, self.affine)
        img.set_sform(self.affine, code=self._form_code)
        return img

    def to_native(self, data):
        """Give samples as a 4-D NIfTI image; see `to_nifti`.

        Parameters
        ----------
        data : ndarray of shape (n_samples, x, y, z) or (n_samples, n_voxels)
            Samples in this space.

        Returns
        -------
        nibabel.Nifti1Image
            Samples on the last axis.
        """
        return self.to_nifti(data)

    def get_feature_names(self, sample_shape):
        """Name voxels by their indices, ``"12_30_7"``.

        Parameters
        ----------
        sample_shape : tuple of int
            Shape of one sample.

        Returns
        -------
        list of str
            One name for each voxel, in C order.
        """
        if len(sample_shape) == 1:
            indices = np.argwhere(self.mask)
        else:
            indices = np.indices(sample_shape).reshape(3, -1).T
        return [f"{i}_{j}_{k}" for i, j, k in indices.tolist()]

    def to_state(self):
        """Take the space apart for storage.

        Returns
        -------
        header : dict
            JSON-serialisable.
        arrays : dict of str to ndarray
            The mask, where there is one.
        """
        header = {"affine": self.affine.tolist(), "space": self.space}
        return header, {} if self.mask is None else {"mask": self.mask}

    @classmethod
    def from_state(cls, header, arrays):
        """Put together what `to_state` gave.

        Parameters
        ----------
        header : dict
            The header.
        arrays : dict of str to ndarray
            The arrays.

        Returns
        -------
        VolumeSpace
            The space.
        """
        return cls(header["affine"], arrays.get("mask"), header["space"])

    def __eq__(self, other):
        if not isinstance(other, VolumeSpace):
            return NotImplemented
        return (
            self.space == other.space
            and np.allclose(self.affine, other.affine, rtol=1e-5, atol=1e-4)
            and (self.mask is None) == (other.mask is None)
            and (self.mask is None or np.array_equal(self.mask, other.mask))
        )

    __hash__ = None

    def __repr__(self):
        sizes = " x ".join(f"{size:g}" for size in self.voxel_sizes.round(3))
        mask = "" if self.mask is None else f", mask of {self._n_voxels} voxels"
        return f"VolumeSpace({self.space}, {sizes} mm{mask})"


def _nifti_type(dtype):
    # what NIfTI or its readers lack goes into the next type that holds every value
    stand_ins = {"bool": np.uint8, "int64": np.float64, "uint64": np.float64}
    return {**stand_ins, "float16": np.float32}.get(dtype.name, dtype)


def _has_codes(img):
    return "sform_code" in img.header and "qform_code" in img.header


def _read_only(array):
    array.flags.writeable = False
    return array


def _check_affine(affine):
    affine = np.array(affine, dtype=float)
    if affine.shape != (4, 4):
        raise ValueError(f"VolumeSpace: affine must have shape (4, 4), got {affine.shape}")
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-12:
        raise ValueError("VolumeSpace: affine must be finite and invertible")
    return affine


def _check_mask(mask):
    mask = np.array(mask)
    if mask.ndim != 3:
        raise ValueError(f"VolumeSpace: mask must have 3 axes, got {mask.ndim}")
    mask = mask.astype(bool)
    if not mask.any():
        raise ValueError("VolumeSpace: mask must keep at least one voxel, got none")
    return mask
