"""One clock for two modalities: from triggers, checked by events that both have."""

import numpy as np

from sklearn_neurofuse.datasets._bids._files import as_text
from sklearn_neurofuse.signal._clock import LARGEST_DRIFT, link_by_events, list_fits

# events of both modalities are of one moment when they lie within, in s
LARGEST_LAG = 0.1
_LEAST_MATCHED = 0.5
_LEAST_EVENTS = 3


def align(triggers, scan, events, *, sfreq, tolerance, scan_number=(0, 1)):
    """Put EEG and BOLD of one run on one clock.

    Parameters
    ----------
    triggers : ndarray of shape (n_triggers,)
        Volume triggers on the clock of the EEG, in s.
    scan : dict
        ``t_r`` in s, ``n_volumes``, and ``dummies``, the numbers of volumes that may have come
        before the image.
    events : tuple of DataFrame or None
        The events of BOLD and of EEG, each on its own clock.
    sfreq : float
        Sampling frequency of the EEG in Hz.
    tolerance : float
        Jitter allowed beyond one sample, in s.
    scan_number : tuple of int
        Which scan of the EEG file it is, and of how many.

    Returns
    -------
    ClockFit
        The fit.

    Raises
    ------
    ValueError
        If nothing fits, two ways fit equally well, jitter or drift is too large, or the events
        disagree.
    """
    if len(triggers) == 0:
        return _link_without_triggers(events)
    ways = list_fits(triggers, scan["t_r"], scan["n_volumes"], scan["dummies"])
    if not ways:
        raise ValueError(
            f"{len(triggers)} volume triggers do not fit {scan['n_volumes']} volumes every "
            f"{scan['t_r']:g} s"
        )
    fit = _choose(ways, events, scan_number)
    _check_fit(fit, sfreq, tolerance)
    _check_events(fit, events)
    return fit


def _choose(ways, events, scan_number):
    """Take the best way; where several are as good, that which the events or their order tell."""
    best = [fit for cost, fit, _ in ways if cost == ways[0][0]]
    number, total = scan_number
    trains = {id(train) for cost, _, train in ways if cost == ways[0][0]}
    if len(best) > 1 and len(trains) == len(best) == total:
        return best[number]
    if len(best) > 1:
        agreeing = [fit for fit in best if _agrees(fit, events)]
        if len(agreeing) != 1:
            told = ", ".join(f"{fit.offset:.3f}" for fit in best[:4])
            raise ValueError(
                f"the volume triggers fit the image in {len(best)} ways as good as each other, "
                f"its first volume at {told} s of the EEG; tell the volumes left out before the "
                "image (NumberOfVolumesDiscardedByScanner) or give events of both modalities"
            )
        best = agreeing
    return best[0]


def _check_fit(fit, sfreq, tolerance):
    if abs(fit.drift) > LARGEST_DRIFT:
        raise ValueError(
            f"the volume triggers run {fit.drift:+.0f} ppm off the repetition time; the sidecar "
            "tells another one than the scanner used"
        )
    allowed = 1 / sfreq + tolerance
    if fit.jitter > allowed:
        raise ValueError(
            f"the volume triggers scatter by {1e3 * fit.jitter:.2f} ms about a straight line, more "
            f"than one sample and the tolerance, {1e3 * allowed:.2f} ms"
        )


def _check_events(fit, events):
    lag = event_lag(fit, events)
    if lag is not None and not _agrees(fit, events):
        raise ValueError(
            f"its events lie {lag:+.3f} s from the same events of the BOLD run; one of the two "
            "tables, or the triggers, belong to another run"
        )


def event_lag(fit, events):
    """Give the median lag of the EEG's events behind those of BOLD.

    Parameters
    ----------
    fit : ClockFit
        The fit.
    events : tuple of DataFrame or None
        Those of BOLD and of EEG.

    Returns
    -------
    float or None
        In s; None where they have fewer than three in common.
    """
    lags = _lags(fit, events)
    return float(np.median(lags)) if len(lags) >= _LEAST_EVENTS else None


def _agrees(fit, events):
    lags = _lags(fit, events)
    near = np.abs(lags) <= LARGEST_LAG
    return len(lags) >= _LEAST_EVENTS and near.mean() >= _LEAST_MATCHED


def _lags(fit, events):
    """From each event of BOLD to the nearest of the EEG of the same kind, in s."""
    lags = []
    for here, there in _in_common(events):
        goals = fit.to_other(here)
        nearest = there[np.argmin(np.abs(there[:, None] - goals), axis=0)]
        lags.append(nearest - goals)
    return np.concatenate(lags) if lags else np.empty(0)


def _in_common(events):
    bold, eeg = events
    if bold is None or eeg is None or "trial_type" not in bold or "trial_type" not in eeg:
        return []
    onsets = [_onsets_by_kind(table) for table in events]
    return [
        tuple(side[name] for side in onsets) for name in sorted(set.intersection(*map(set, onsets)))
    ]


def _onsets_by_kind(table):
    """Give the onsets of each kind; one table may have numbers where the other has text."""
    table = table.dropna(subset=["trial_type"])
    kinds = table["trial_type"].map(as_text)
    return {kind: rows.to_numpy(dtype=float) for kind, rows in table["onset"].groupby(kinds)}


def _link_without_triggers(events):
    pairs = _in_common(events)
    if pairs and all(len(here) == len(there) for here, there in pairs):
        here, there = (np.concatenate(side) for side in zip(*pairs, strict=True))
        if len(here) >= _LEAST_EVENTS:
            fit = link_by_events(here, there)
            if fit.jitter <= LARGEST_LAG and abs(fit.drift) <= 10 * LARGEST_DRIFT:
                return fit
    raise ValueError("it has no volume triggers, and no events that tell the two clocks")
