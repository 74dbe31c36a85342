"""Data sets: made, simulated, loaded and fetched; each function returns a Bunch."""

from sklearn_neurofuse.datasets._linked import make_linked_sources
from sklearn_neurofuse.datasets._planted import make_multimodal_classification
from sklearn_neurofuse.datasets._tle import fetch_tle_connectomes

__all__ = ["fetch_tle_connectomes", "make_linked_sources", "make_multimodal_classification"]
