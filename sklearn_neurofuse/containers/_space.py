"""The base of the spaces, which say what the numbers of a block mean."""

from abc import ABC, abstractmethod
from collections import Counter


class Space(ABC):
    """What the axes of a sample mean, and the way back to a native object.

    Two spaces are equal when data in them can be stacked.
    """

    _registry: dict = {}

    @staticmethod
    def register(space_class):
        """Make a space class known to storage, as a class decorator.

        Parameters
        ----------
        space_class : type
            Subclass of `Space`.

        Returns
        -------
        type
            The class itself.
        """
        Space._registry[space_class.__name__] = space_class
        return space_class

    @abstractmethod
    def check(self, sample_shape):
        """Raise ValueError unless samples of this shape lie in the space.

        Parameters
        ----------
        sample_shape : tuple of int
            Shape of one sample.
        """

    @abstractmethod
    def get_feature_names(self, sample_shape):
        """Name every number of a flattened sample.

        Parameters
        ----------
        sample_shape : tuple of int
            Shape of one sample.

        Returns
        -------
        list of str
            One name for each feature, in C order.
        """

    @abstractmethod
    def to_native(self, data):
        """Give samples as the object that the field's tools work on.

        Parameters
        ----------
        data : ndarray of shape (n_samples, ...)
            Samples in this space.
        """

    @abstractmethod
    def to_state(self):
        """Take the space apart for storage.

        Returns
        -------
        header : dict
            JSON-serialisable.
        arrays : dict of str to ndarray
            What is better kept as arrays.
        """

    @classmethod
    @abstractmethod
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
        Space
            The space.
        """


def space_to_state(space):
    """Take a space apart for storage, with the name of its class.

    Parameters
    ----------
    space : Space or None
        The space.

    Returns
    -------
    header : dict or None
        JSON-serialisable; None without a space.
    arrays : dict of str to ndarray
        What is better kept as arrays.
    """
    if space is None:
        return None, {}
    header, arrays = space.to_state()
    return {"class": type(space).__name__, **header}, arrays


def space_from_state(header, arrays):
    """Put together what `space_to_state` gave.

    Parameters
    ----------
    header : dict or None
        The header.
    arrays : dict of str to ndarray
        The arrays.

    Returns
    -------
    Space or None
        The space.
    """
    if header is None:
        return None
    header = dict(header)
    return Space._registry[header.pop("class")].from_state(header, arrays)


def check_unique(owner, what, names):
    """Refuse names that stand twice.

    Parameters
    ----------
    owner, what : str
        Who asks, and what the names are, for the message.
    names : sequence of str
        The names.

    Returns
    -------
    tuple of str
        The names.

    Raises
    ------
    ValueError
        If a name stands twice.
    """
    names = tuple(str(name) for name in names)
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise ValueError(f"{owner}: {what} must be unique, got {', '.join(twice)} more than once")
    return names


def check_bands(owner, bands):
    """Check the names of the bands.

    Parameters
    ----------
    owner : str
        Who asks, for the message.
    bands : sequence of str or None
        Names of frequency bands.

    Returns
    -------
    tuple of str or None
        The names, unique.
    """
    return None if bands is None else check_unique(owner, "bands", bands)
