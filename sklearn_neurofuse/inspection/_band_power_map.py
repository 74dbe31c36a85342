"""`BandPowerMap`: where BOLD follows the power of a rhythm."""

import mne
import numpy as np
from nilearn.glm.contrasts import compute_contrast
from nilearn.glm.first_level import make_first_level_design_matrix, run_glm
from sklearn.pipeline import Pipeline

from sklearn_neurofuse._validation import check_number
from sklearn_neurofuse.containers import VolumeSpace
from sklearn_neurofuse.eeg._heartbeats import find_heartbeats
from sklearn_neurofuse.inspection._eeg_regressor import (
    find_volume_times,
    power_course,
    read_course,
)
from sklearn_neurofuse.inspection._lag_search import motion_of
from sklearn_neurofuse.recordings import Recordings, RecordingTransformer, SampleExtractor, Samples

# what a heart at rest may do, per minute
_HEART_RATE = (40.0, 160.0)


class BandPowerMap(SampleExtractor):
    """Map where BOLD follows the power of an EEG rhythm, one z map for each recording.

    The power of the partner EEG, convolved with the haemodynamic response, enters a general linear
    model of the run with an autoregressive noise, beside drifts, motion, and the heart rate
    where there is an ECG channel.

    Parameters
    ----------
    band : tuple of float, default=(8.0, 13.0)
        Edges of the band in Hz.
    picks : str or list, default="eeg"
        Channels, as in MNE.
    hrf : {"glover", "spm", None} or callable, default="glover"
        As in :func:`eeg_regressor`.
    lag : float, default=0.0
        By how many seconds BOLD follows beyond `hrf`.
    eeg : RecordingTransformer, Pipeline of these or None, default=None
        What cleans the partner EEG first.
    high_pass : float, default=0.008
        Slower drifts are modelled, in Hz.
    n_jobs : int, default=None
        Recordings processed in parallel.
    verbose : bool, default=False
        Whether to show a progress bar that counts recordings.

    Raises
    ------
    ValueError
        If a parameter is out of bounds, or the EEG has no markers of volumes.

    See Also
    --------
    lag_search : At which lag the two go together.

    Examples
    --------
    >>> from sklearn_neurofuse.inspection import BandPowerMap
    >>> maps = BandPowerMap().fit_transform(data.X["fmri"])  # doctest: +SKIP
    """

    kind = "bold"
    per = "recording"
    uses_partner = True
    libraries = ("nilearn", "mne")

    def __init__(
        self,
        band=(8.0, 13.0),
        picks="eeg",
        hrf="glover",
        *,
        lag=0.0,
        eeg=None,
        high_pass=0.008,
        n_jobs=None,
        verbose=False,
    ):
        self.band = band
        self.picks = picks
        self.hrf = hrf
        self.lag = lag
        self.eeg = eeg
        self.high_pass = high_pass
        self.n_jobs = n_jobs
        self.verbose = verbose

    def check_parameters(self):
        """Raise TypeError or ValueError for bad parameters."""
        check_number(self, "lag", self.lag, unit="s")
        check_number(self, "high_pass", self.high_pass, low=0, closed="neither", unit="Hz")
        for step in self._eeg_steps():
            if not isinstance(step, RecordingTransformer):
                raise TypeError(
                    "BandPowerMap: eeg must be a RecordingTransformer or a Pipeline of these, "
                    f"got {type(step).__name__}"
                )

    def _eeg_steps(self):
        if self.eeg is None:
            return []
        return (
            [step for _, step in self.eeg.steps] if isinstance(self.eeg, Pipeline) else [self.eeg]
        )

    def extract(self, recording, events, context):
        """Map one run.

        Parameters
        ----------
        recording : BoldRun
            The run.
        events : DataFrame or None
            Not used.
        context : object
            Gives the partner, and takes figures of quality.

        Returns
        -------
        Samples
            One volume of z values, float32.
        """
        raw = context.partner()
        wanted = find_volume_times(raw, recording)
        waiting = Recordings([raw])
        for step in self._eeg_steps():
            waiting = step.fit_transform(waiting)
        cleaned = waiting.load(0)
        beats = _heart_rate(cleaned, wanted)
        times, course = power_course(cleaned, self.band, self.picks, self.hrf)
        regressor = read_course(times, course, wanted - self.lag)
        others = [motion_of(recording), beats]
        design = self._design(recording, regressor, [x for x in others if x is not None])
        data = recording.get_data()
        series = data.reshape(-1, data.shape[3]).T.astype(np.float64)
        there = series.std(axis=0) > 0
        labels, estimates = run_glm(series[:, there], design, noise_model="ar1")
        contrast = compute_contrast(labels, estimates, np.eye(design.shape[1])[0])
        z = np.zeros(len(there), dtype=np.float32)
        z[there] = contrast.z_score()
        context.report(heart_rate_modelled=beats is not None, n_regressors=design.shape[1])
        return Samples(z.reshape(1, *data.shape[:3]), VolumeSpace.from_img(recording.img))

    def _design(self, run, regressor, others):
        added = np.column_stack([regressor, *others])
        frame_times = np.arange(run.n_volumes) * run.t_r
        design = make_first_level_design_matrix(
            frame_times,
            drift_model="cosine",
            high_pass=self.high_pass,
            add_regs=added,
            add_reg_names=["power", *[f"other_{i}" for i in range(added.shape[1] - 1)]],
        )
        return design.to_numpy()


def _heart_rate(raw, wanted):
    """Give the heart rate at some times, scaled; None where no ECG channel can be read."""
    for name in np.array(raw.ch_names)[mne.pick_types(raw.info, ecg=True)]:
        try:
            beats = find_heartbeats(raw, str(name), _HEART_RATE).times
        except ValueError:
            continue
        rate = np.interp(wanted, (beats[1:] + beats[:-1]) / 2, 60 / np.diff(beats))
        return (rate - rate.mean()) / (rate.std() or 1.0)
    return None
