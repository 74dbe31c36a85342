"""How `simulate_eeg_fmri` makes its recordings: first everything is planned, then rendered."""
