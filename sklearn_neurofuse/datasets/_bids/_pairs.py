"""Which EEG belongs to which BOLD run."""

from collections import defaultdict
from dataclasses import dataclass

from sklearn_neurofuse.datasets._bids._files import BidsFile


@dataclass(frozen=True)
class Pair:
    """One run of one person.

    Parameters
    ----------
    key : tuple
        Subject, session and run.
    eeg, bold : BidsFile or None
        Its two recordings.
    scan_number : tuple of int
        Which scan of the EEG file this is, and of how many.
    """

    key: tuple
    eeg: BidsFile | None
    bold: BidsFile | None
    scan_number: tuple = (0, 1)

    @property
    def title(self):
        """How messages name it."""
        names = zip(("sub", "ses", "run"), self.key, strict=True)
        return " ".join(f"{name}-{value}" for name, value in names if value is not None)


def pair_files(eeg_files, bold_files):
    """Pair recordings by subject, session and run.

    One EEG file without a run may hold all scans of a session. A run number is not minded where
    a session has but one recording of each.

    Parameters
    ----------
    eeg_files, bold_files : list of BidsFile
        All recordings of one task.

    Returns
    -------
    pairs : list of Pair
        In the order of their names; a modality that a run lacks is None.
    left_out : list of tuple of str
        What was left out and why.
    """
    eeg, left_eeg = _by_match(eeg_files, "EEG recordings")
    bold, left_bold = _by_match(bold_files, "BOLD series")
    scans, recordings = _by_session(bold), _by_session(eeg)
    pairs, used = [], set()
    for match, file in bold.items():
        runs, partners = scans[match[:2]], recordings[match[:2]]
        shared, number = (*match[:2], None), (0, 1)
        if match in eeg:
            partner = match
        elif shared in eeg:
            partner, number = shared, (runs.index(match), len(runs))
        else:
            alone = len(runs) == len(partners) == 1 and match == shared
            partner = partners[0] if alone else None
        pairs.append(Pair(file.key, eeg.get(partner), file, number))
        used.add(partner)
    pairs += [Pair(file.key, file, None) for match, file in eeg.items() if match not in used]
    return sorted(pairs, key=_in_order), left_eeg + left_bold


def _by_session(files):
    found = defaultdict(list)
    for match in files:
        found[match[:2]].append(match)
    return found


def _in_order(pair):
    file = pair.eeg if pair.bold is None else pair.bold
    subject, session, run = file.match
    return subject, session or "", run if isinstance(run, int) else -1, str(run)


def _by_match(files, what):
    found = defaultdict(list)
    for file in files:
        found[file.match].append(file)
    left_out = [
        (file.path.name, f"there are {len(group)} {what} of this run; one is expected")
        for group in found.values()
        if len(group) > 1
        for file in group
    ]
    return {key: group[0] for key, group in found.items() if len(group) == 1}, left_out
