"""Connectomes: an edge between each pair of regions or sensors."""

import numpy as np

from sklearn_neurofuse.containers._space import Space, check_bands, check_unique


@Space.register
class ConnectomeSpace(Space):
    r"""Which pair of regions each edge joins.

    A sample holds the strict lower triangle of a symmetric matrix row by row, the order of
    ``nilearn.connectome.sym_matrix_to_vec(matrix, discard_diagonal=True)``: edge :math:`e`
    joins regions :math:`(i, j)` with :math:`j < i` and :math:`e = i (i - 1) / 2 + j`.

    Parameters
    ----------
    labels : sequence of str
        Names of the k regions, unique.
    coordinates : array-like of shape (k, 3), default=None
        Centres of the regions in mm (MNI).
    networks : sequence of str of length k, default=None
        The network that each region belongs to.
    bands : sequence of str, default=None
        Names of frequency bands; then a sample has shape (n_bands, n_edges).

    Attributes
    ----------
    labels : tuple of str
        Names of the regions.
    coordinates : ndarray of shape (k, 3) or None
        In mm.
    networks : tuple of str or None
        One for each region.
    bands : tuple of str or None
        Names of the bands.

    Raises
    ------
    ValueError
        If labels or bands stand twice, or lengths differ.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse.containers import ConnectomeSpace
    >>> space = ConnectomeSpace(["a", "b", "c"])
    >>> space.to_matrix(np.array([1.0, 2.0, 3.0]))
    array([[0., 1., 2.],
           [1., 0., 3.],
           [2., 3., 0.]])
    """

    def __init__(self, labels, coordinates=None, networks=None, bands=None):
        self.labels = check_unique("ConnectomeSpace", "labels", labels)
        if len(self.labels) < 2:
            raise ValueError(
                f"ConnectomeSpace: labels must name at least 2 regions, got {len(self.labels)}"
            )
        self.coordinates = _check_coordinates(coordinates, len(self.labels))
        self.networks = _check_networks(networks, len(self.labels))
        self.bands = check_bands("ConnectomeSpace", bands)

    @property
    def n_edges(self):
        """Number of pairs of regions."""
        return len(self.labels) * (len(self.labels) - 1) // 2

    @property
    def edges(self):
        """Indices of the two regions of each edge, ndarray of int of shape (n_edges, 2)."""
        return np.column_stack(np.tril_indices(len(self.labels), -1))

    def check(self, sample_shape):
        """Raise ValueError unless samples are edges, or bands by edges.

        Parameters
        ----------
        sample_shape : tuple of int
            Shape of one sample.
        """
        expected = (self.n_edges,) if self.bands is None else (len(self.bands), self.n_edges)
        if tuple(sample_shape) != expected:
            raise ValueError(
                f"ConnectomeSpace: one sample of {len(self.labels)} regions must have shape "
                f"{expected}, got {tuple(sample_shape)}"
            )

    def to_matrix(self, data):
        """Give edges as symmetric matrices.

        Parameters
        ----------
        data : ndarray of shape (..., n_edges)
            Edge values.

        Returns
        -------
        ndarray of shape (..., k, k)
            Symmetric, zero on the diagonal.
        """
        data = np.asarray(data)
        if data.shape[-1:] != (self.n_edges,):
            raise ValueError(
                f"ConnectomeSpace: the last axis must hold {self.n_edges} edges, got {data.shape}"
            )
        n_regions = len(self.labels)
        matrix = np.zeros((*data.shape[:-1], n_regions, n_regions), dtype=data.dtype)
        rows, columns = np.tril_indices(n_regions, -1)
        matrix[..., rows, columns] = data
        matrix[..., columns, rows] = data
        return matrix

    def to_native(self, data):
        """Give samples as matrices; see `to_matrix`.

        Parameters
        ----------
        data : ndarray of shape (n_samples, ..., n_edges)
            Samples in this space.

        Returns
        -------
        ndarray of shape (n_samples, ..., k, k)
            Symmetric matrices.
        """
        return self.to_matrix(data)

    def get_feature_names(self, sample_shape):
        """Name edges by their regions, ``"delta__left~right"`` or ``"left~right"``.

        Parameters
        ----------
        sample_shape : tuple of int
            Shape of one sample.

        Returns
        -------
        list of str
            One name for each feature, in C order.
        """
        edges = [f"{self.labels[i]}~{self.labels[j]}" for i, j in self.edges.tolist()]
        if self.bands is None:
            return edges
        return [f"{band}__{edge}" for band in self.bands for edge in edges]

    def to_state(self):
        """Take the space apart for storage.

        Returns
        -------
        header : dict
            JSON-serialisable.
        arrays : dict of str to ndarray
            Empty.
        """
        coordinates = None if self.coordinates is None else self.coordinates.tolist()
        header = {"labels": self.labels, "coordinates": coordinates}
        return {**header, "networks": self.networks, "bands": self.bands}, {}

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
        ConnectomeSpace
            The space.
        """
        return cls(**header)

    def __eq__(self, other):
        if not isinstance(other, ConnectomeSpace):
            return NotImplemented
        one, two = self.coordinates, other.coordinates
        return (
            self.labels == other.labels
            and self.networks == other.networks
            and self.bands == other.bands
            and (one is None) == (two is None)
            and (one is None or np.allclose(one, two, atol=1e-3, equal_nan=True))
        )

    __hash__ = None

    def __repr__(self):
        bands = "" if self.bands is None else f", bands {', '.join(self.bands)}"
        return f"ConnectomeSpace({len(self.labels)} regions{bands})"


def _check_coordinates(coordinates, n_regions):
    if coordinates is None:
        return None
    coordinates = np.array(coordinates, dtype=float)
    if coordinates.shape != (n_regions, 3):
        raise ValueError(
            f"ConnectomeSpace: coordinates must have shape ({n_regions}, 3), "
            f"got {coordinates.shape}"
        )
    coordinates.flags.writeable = False
    return coordinates


def _check_networks(networks, n_regions):
    if networks is None:
        return None
    networks = tuple(str(network) for network in networks)
    if len(networks) != n_regions:
        raise ValueError(
            f"ConnectomeSpace: networks must name one for each of {n_regions} regions, "
            f"got {len(networks)}"
        )
    return networks
