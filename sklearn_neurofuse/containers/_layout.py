"""Which columns of the flat matrix belong to which modality."""

from itertools import accumulate
from math import prod

import numpy as np

from sklearn_neurofuse._validation import nearest
from sklearn_neurofuse.containers._block import feature_names_of


class Layout:
    """Names, shapes and spaces of the modalities of a `Multimodal`: small and picklable.

    Parameters
    ----------
    shapes : dict of str to tuple of int
        Shape of one sample for each modality, in the order of the flat columns.
    spaces : dict of str to Space or None, default=None
        Space of each modality; a name left out has none.
    feature_names : dict of str to sequence of str, default=None
        Names of the columns of plain features.
    dtypes : dict of str to dtype, default=None
        Type of the numbers of each modality; a name left out keeps the type of the flat matrix.

    Attributes
    ----------
    names : tuple of str
        Names of the modalities.
    shapes : dict of str to tuple of int
        Shape of one sample for each modality.
    spaces : dict of str to Space or None
        Space of each modality.
    feature_names : dict of str to (tuple of str or None)
        Names of the columns of plain features.
    dtypes : dict of str to (dtype or None)
        Type of the numbers of each modality.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse.containers import Layout
    >>> layout = Layout({"fmri": (2, 2, 1), "eeg": (2, 3)})
    >>> layout.n_features, layout.slices["eeg"]
    (10, slice(4, 10, None))
    >>> layout.split(np.zeros((5, 10)))["eeg"].shape
    (5, 2, 3)
    """

    def __init__(self, shapes, spaces=None, feature_names=None, dtypes=None):
        self.shapes = {name: tuple(shape) for name, shape in shapes.items()}
        # joblib's hash does not see the order of a dict, so names stand in a tuple as well
        self.names = tuple(self.shapes)
        spaces, feature_names, dtypes = spaces or {}, feature_names or {}, dtypes or {}
        self.spaces = {name: spaces.get(name) for name in self.shapes}
        self.feature_names = {
            name: None if feature_names.get(name) is None else tuple(feature_names[name])
            for name in self.shapes
        }
        self.dtypes = {
            name: None if dtypes.get(name) is None else np.dtype(dtypes[name])
            for name in self.shapes
        }

    @property
    def sizes(self):
        """Number of flat columns of each modality, dict of str to int."""
        return {name: prod(shape) for name, shape in self.shapes.items()}

    @property
    def n_features(self):
        """Number of flat columns."""
        return sum(self.sizes.values())

    @property
    def slices(self):
        """Flat columns of each modality, dict of str to slice."""
        sizes = self.sizes
        stops = accumulate(sizes.values())
        return {
            name: slice(stop - size, stop)
            for (name, size), stop in zip(sizes.items(), stops, strict=True)
        }

    def get_feature_names(self):
        """Name every flat column, ``"eeg__Cz__0.120s"``.

        Returns
        -------
        list of str
            The name of the modality and of the feature in it.
        """
        return [
            f"{name}__{feature}"
            for name, shape in self.shapes.items()
            for feature in feature_names_of(self.spaces[name], self.feature_names[name], shape)
        ]

    def split(self, flat):
        """Cut a flat matrix into one array for each modality.

        Parameters
        ----------
        flat : array-like of shape (n_samples, n_features)
            Modalities side by side, each raveled in C order.

        Returns
        -------
        dict of str to ndarray of shape (n_samples, ...)
            Views where the memory allows it.

        Raises
        ------
        ValueError
            If the matrix is not 2-D or has another number of columns.
        """
        flat = np.asarray(flat)
        if flat.ndim != 2 or flat.shape[1] != self.n_features:
            parts = " + ".join(f"{name} {size}" for name, size in self.sizes.items())
            raise ValueError(
                f"Layout: the flat matrix must have shape (n_samples, {self.n_features}) "
                f"({parts}), got {flat.shape}"
            )
        return {
            name: _as_type(flat[:, columns], self.dtypes[name]).reshape(-1, *self.shapes[name])
            for name, columns in self.slices.items()
        }

    def check(self, given, owner):
        """Check that new samples have the modalities, shapes and spaces of these.

        Parameters
        ----------
        given : Layout
            Of new samples; modalities may be absent altogether.
        owner : str
            The estimator, for messages.

        Raises
        ------
        ValueError
            If a modality is unknown, or has another shape or space.
        """
        for name, shape in given.shapes.items():
            if name not in self.shapes:
                raise ValueError(
                    f"{owner}: modality {name!r} was not there in fit, only "
                    f"{', '.join(self.names)}{nearest(name, self.names)}"
                )
            _check_shape(owner, name, shape, self.shapes[name])
            spaces = given.spaces[name], self.spaces[name]
            if None not in spaces and spaces[0] != spaces[1]:
                raise ValueError(
                    f"{owner}: modality {name!r} lies in {spaces[0]!r}, fitted in {spaces[1]!r}"
                )

    def __eq__(self, other):
        if not isinstance(other, Layout):
            return NotImplemented
        return (
            self.names == other.names
            and self.shapes == other.shapes
            and self.spaces == other.spaces
            and self.feature_names == other.feature_names
        )

    __hash__ = None

    def __repr__(self):
        parts = [f"{name}={shape}" for name, shape in self.shapes.items()]
        return f"Layout({', '.join(parts)})"


def _check_shape(owner, name, shape, expected):
    if len(shape) != len(expected):
        raise ValueError(
            f"{owner}: modality {name!r} must have {len(expected) + 1} axes "
            f"(samples and {expected}), got {len(shape) + 1}"
        )
    for axis, (size, wanted) in enumerate(zip(shape, expected, strict=True), start=1):
        if size != wanted:
            raise ValueError(
                f"{owner}: modality {name!r} must have size {wanted} on axis {axis}, got {size}"
            )


def _as_type(array, dtype):
    # integers are not restored: a resampler or scaler may have made fractions of them; nor is a
    # wider type, since the numbers are what the matrix had
    if dtype is None or not np.issubdtype(dtype, np.floating):
        return array
    return array.astype(dtype) if dtype.itemsize < array.dtype.itemsize else array
