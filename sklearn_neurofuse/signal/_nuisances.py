r"""What changes in a volume beside the place of the head, as columns of a linear system.

*Shading*: heart, breath and drifts of the scanner brighten some regions by tenths of a percent.
Where one gain is fitted for all, such a change looks like movement, of .05 mm and more. Here the
gain is :math:`1 + \sum_j b_j p_j(x)` with products :math:`p_j` of Legendre polynomials.

*Movement during the volume*: slices are acquired one after the other. To first order, a head that
goes on moving is by :math:`t_z v` from its mean place where the slice z is acquired at the time
:math:`t_z` from the mean [1]_.

Both are pulled towards zero as far as the noise leaves them open (ridge regression).

References
----------
.. [1] Kim B et al., Motion correction in fMRI via registration of individual slices into an
   anatomical volume. Magn Reson Med 41 (1999) 964-972.
   doi:10.1002/(SICI)1522-2594(199905)41:5<964::AID-MRM16>3.0.CO;2-D
"""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.polynomial.legendre import legval

_DEGREE = 3
_POWERS = [each for each in product(range(_DEGREE + 1), repeat=3) if 0 < sum(each) <= _DEGREE]
# sizes that are expected: shading relative to the intensity, movement in mm and rad a volume
_SHADING, _SHIFT, _TURN = 2e-3, 0.3, 0.006


@dataclass(frozen=True, eq=False)
class Nuisances:
    """What changes in the volumes of a series beside the place of the head.

    Attributes
    ----------
    shape : tuple of int
        Shape of a volume.
    when : ndarray of float32 of shape (n_slices,), default=None
        When slices are acquired, in volumes from their mean; None where all are acquired at
        once, or their times are not known.
    axis : int, default=2
        Axis of the slices.
    """

    shape: tuple
    when: np.ndarray | None = None
    axis: int = 2

    @property
    def sizes(self):
        """Expected sizes of the coefficients, relative to the gain: (n_columns,)."""
        moves = [] if self.when is None else [_SHIFT] * 3 + [_TURN] * 3
        return np.array([_SHADING] * len(_POWERS) + moves)

    def smoothed(self, matrices):
        """Give the nuisances of smoothed volumes, whose slices are mixtures of neighbours.

        Parameters
        ----------
        matrices : sequence of 3 ndarray of shape (length, length)
            What multiplies the volumes along each axis.

        Returns
        -------
        Nuisances
            With the mean times of what is mixed.
        """
        if self.when is None:
            return self
        return replace(self, when=matrices[self.axis] @ self.when)

    def columns(self, design, voxels):
        """Give the columns at some voxels.

        Parameters
        ----------
        design : ndarray of float32 of shape (8, n_points)
            Derivatives by three shifts and three turns, the reference, and ones.
        voxels : ndarray of int of shape (3, n_points)
            Voxels of the volume.

        Returns
        -------
        ndarray of float32 of shape (8 + n_columns, n_points)
            `design`, and what belongs to `sizes`.
        """
        all_columns = np.empty((8 + len(self.sizes), design.shape[1]), dtype=np.float32)
        all_columns[:8] = design
        waves = [
            _legendre(length).take(index, axis=1)
            for length, index in zip(self.shape, voxels, strict=True)
        ]
        for column, powers in zip(all_columns[8:], _POWERS, strict=False):
            column[:] = design[6]
            for wave, power in zip(waves, powers, strict=True):
                if power:
                    column *= wave[power]
        if self.when is not None:
            np.multiply(design[:6], self.when.take(voxels[self.axis]), out=all_columns[-6:])
        return all_columns


def nuisances_of(shape, slice_times=None, axis=2):
    """Give the nuisances of a series.

    Parameters
    ----------
    shape : tuple of int
        Shape of a volume.
    slice_times : array-like of shape (n_slices,), default=None
        When slices are acquired, in volumes; None where that is not known.
    axis : int, default=2
        Axis of the slices.

    Returns
    -------
    Nuisances
        For `align`.
    """
    if slice_times is None or np.ptp(slice_times) == 0:
        return Nuisances(shape)
    when = np.asarray(slice_times) - np.mean(slice_times)
    return Nuisances(shape, when.astype(np.float32), axis)


def _legendre(length):
    """Give the Legendre polynomials from one end of an axis to the other."""
    return legval(np.linspace(-1, 1, length), np.eye(_DEGREE + 1)).astype(np.float32)
