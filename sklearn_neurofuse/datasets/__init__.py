"""Data sets: made, simulated, loaded and fetched; each function returns a Bunch."""

from sklearn_neurofuse.datasets._eegmmidb import fetch_eegmmidb
from sklearn_neurofuse.datasets._hcp import load_hcp
from sklearn_neurofuse.datasets._linked import make_linked_sources
from sklearn_neurofuse.datasets._load_bids import load_bids
from sklearn_neurofuse.datasets._openneuro import fetch_openneuro
from sklearn_neurofuse.datasets._pairing import pair_by_label
from sklearn_neurofuse.datasets._planted import make_multimodal_classification
from sklearn_neurofuse.datasets._simulate import simulate_eeg_fmri
from sklearn_neurofuse.datasets._tle import fetch_tle_connectomes

__all__ = [
    "fetch_eegmmidb",
    "fetch_openneuro",
    "fetch_tle_connectomes",
    "load_bids",
    "load_hcp",
    "make_linked_sources",
    "make_multimodal_classification",
    "pair_by_label",
    "simulate_eeg_fmri",
]
