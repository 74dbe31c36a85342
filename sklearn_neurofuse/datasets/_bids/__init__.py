"""Reading of BIDS datasets of simultaneous EEG-fMRI, for `load_bids`."""
