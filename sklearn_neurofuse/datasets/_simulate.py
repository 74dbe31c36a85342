"""Simultaneous raw EEG-fMRI recordings with everything planted and known."""

import os
from dataclasses import replace
from numbers import Real

import numpy as np
import pandas as pd
from mne.io import BaseRaw
from nibabel.spatialimages import SpatialImage
from sklearn.utils import check_random_state

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.datasets._simulation._anatomy import MIDDLE
from sklearn_neurofuse.datasets._simulation._base import (
    as_list,
    read_base_bold,
    read_base_eeg,
    read_heart,
    read_motion,
)
from sklearn_neurofuse.datasets._simulation._bids import check_writable
from sklearn_neurofuse.datasets._simulation._effects import (
    BOLD_EFFECTS,
    EEG_EFFECTS,
    OFF_BY_DEFAULT,
    Brain,
    Controls,
    Design,
    HeadMotion,
    Heart,
    Scan,
)
from sklearn_neurofuse.datasets._simulation._leadfield import CHANNELS, REFERENCES
from sklearn_neurofuse.datasets._simulation._output import render_all
from sklearn_neurofuse.datasets._simulation._plan import plan_runs
from sklearn_neurofuse.datasets._simulation._reading import (
    OWNER,
    read_effect,
    read_effects,
    read_options,
)
from sklearn_neurofuse.datasets._simulation._settings import Settings

_REGIMES = ("fmri", "eeg", "both", "conjunction")


def simulate_eeg_fmri(
    n_subjects=3,
    *,
    n_sessions=1,
    n_runs=1,
    n_volumes=150,
    t_r=2.0,
    volume_shape=(64, 64, 30),
    n_channels=32,
    sfreq=1000.0,
    regime="both",
    class_signal=1.0,
    design=None,
    scan=None,
    brain=None,
    eeg=None,
    bold=None,
    motion=True,
    heart=None,
    controls=None,
    base_eeg=None,
    base_bold=None,
    write_bids=None,
    random_state=None,
):
    r"""Simulate simultaneous raw EEG-fMRI recordings of a task, with everything planted known.

    People look at faces and houses in the scanner. Sources at MNI positions answer each trial in
    both modalities with an amplitude that varies from trial to trial and, where the regime says
    so, with the class; alpha and arousal go on beside. The EEG then gets all that a scanner adds,
    the BOLD series is measured slice by slice in a moving head. Head model, haemodynamic
    response and interpolation are others than those of the analysis.

    Parameters
    ----------
    n_subjects : int, default=3
        Number of people.
    n_sessions, n_runs : int, default=1
        Sessions of each person, and runs of each session.
    n_volumes : int, default=150
        Volumes saved in each run.
    t_r : float, default=2.0
        Repetition time in s.
    volume_shape : tuple of 3 int, default=(64, 64, 30)
        Voxels along x, y and z, at least 8 each; they span the field of view. Slices lie along z.
    n_channels : int, default=32
        EEG channels of the 10-05 system, 4 to 64, measured against FCz; EOG and ECG are added.
    sfreq : float, default=1000.0
        Sampling frequency of the EEG in Hz, at least 200. Behind the amplifier's low-pass nothing
        is lost by 1000 in place of the usual 5000.
    regime : {"fmri", "eeg", "both", "conjunction"}, default="both"
        Where the class is: in one modality's amplitudes, in those of both with independent
        variation, or only in whether the two deviate alike (XOR).
    class_signal : float, default=1.0
        Factor of the class effect; 0 is a negative control.
    design : dict, default=None
        The task: ``isi`` (2, 6), s between onsets; ``bayes_accuracy`` .75, which the best
        possible classifier of clean single trials reaches in a modality that has the class, or a
        dict with ``eeg`` and ``fmri``; ``button`` .8, how often the person presses; ``arousal``
        1, how strong it is.
    scan : dict, default=None
        The scanner: ``slice_order`` "interleaved", "ascending" or "descending"; ``multiband`` 1;
        ``fov`` (220, 220, 165) mm; ``field`` 3 T; ``n_dummy`` 2, volumes before the steady state;
        ``keep_dummies`` True, whether they are among the saved; ``lead`` 6 and ``tail`` 4, s of
        EEG before the first and after the last volume; ``clock_ppm`` 12, by how much the EEG's
        clock runs faster; ``triggers`` "volume" or "slice"; ``trigger_jitter`` 0, in s;
        ``missing_triggers`` 0; ``extra_triggers`` 0, before the run.
    brain : dict, default=None
        How people differ, each 1 for a realistic amount and 0 for none: ``anatomy``,
        ``topography``, ``gain``, ``haemodynamics``.
    eeg : dict, default=None
        Effects in the EEG, each True, False, a strength (1 is realistic) or a dict of its options
        beside ``strength``: ``evoked``; ``background`` (amplitude, exponent); ``alpha``
        (amplitude, frequency); ``gradient`` (amplitude, h_freq, motion, delay); ``motion`` (area),
        the voltage of head turns; ``pulse`` (amplitude, delay, jitter, variability); ``pump``
        (amplitude, frequency), off unless asked for; ``ocular`` (amplitude, blink_rate,
        saccade_rate); ``muscle`` (amplitude, rate); ``line`` (amplitude, frequency);
        ``bad_channels`` (number, amplitude); ``sensor`` (amplitude); ``ecg`` (amplitude, t_wave);
        ``amplifier`` (resolution, saturation). Amplitudes in V.
    bold : dict, default=None
        Effects in the BOLD series, alike: ``activation``; ``alpha`` (amplitude in %, lag in s);
        ``arousal`` (amplitude); ``motion``; ``spin_history``; ``saturation`` (flip_angle);
        ``dropout``; ``drift`` (amplitude); ``autocorrelated`` (amplitude, fwhm, time_constant);
        ``physiology`` (amplitude); ``thermal`` (tsnr).
    motion : bool, float, dict, DataFrame, array or list of these two, default=True
        Movement of the head, which images, gradient artefact and induced voltage follow: switch,
        strength, options (``drift`` .2 mm, ``breathing`` .06 mm, ``jerk`` .2 mm, ``jerk_rate``
        .5 per minute), or measured traces of shape (n_volumes, 6) in the order of fMRIPrep's
        columns (mm, radians), one for all runs or one for each.
    heart : dict, array or list of arrays, default=None
        Options (``rate`` per minute, None for 52 to 100 by person, ``variability``, ``ectopic``
        share of early beats), or measured heartbeats in s after the first saved volume.
    controls : dict, default=None
        Negative controls: ``motion_by_class``, mm that the head nods at each face;
        ``blink_by_class``, probability of a blink at each face; ``missing_by_class``, share of
        the faces whose EEG is marked bad; ``blocked_labels``, all trials of one class first;
        ``site_by_class`` in [0, 1], two sites that differ in gain and noise and, with 1, show
        faces in 10 and 90 % of the trials.
    base_eeg : mne.io.Raw or list of these, default=None
        Real EEG in place of the simulated one; all effects in the EEG are off but those asked
        for. Its channels are those of the recording, its names those of the 10-05 system.
    base_bold : nibabel image, path or list of these, default=None
        Real images in MNI space in place of the simulated head: 3-D, or 4-D of at least
        `n_volumes`, which keeps its own noise. All effects in BOLD are off but those asked for.
        Shape and field of view are those of the images.
    write_bids : path-like, default=None
        New folder for a BIDS dataset; the recordings returned are then its files. It appears
        when all is written. Needs the extra ``bids``.
    random_state : int, RandomState instance or None, default=None
        Seed. Switching one effect leaves all others as they were.

    Returns
    -------
    Bunch
        With the attributes

        X : Multimodal of shape (n_trials,)
            ``fmri`` and ``eeg``, `Recordings` with one sample for each trial; each recording's
            partner is the one made at the same time.
        target : ndarray of int of shape (n_trials,)
            0 for houses, 1 for faces.
        target_names : list of str
            ``house``, ``face``.
        groups : ndarray of str of shape (n_trials,)
            The subject.
        events : dict of str to list of DataFrame
            For ``fmri`` and ``eeg`` the events of each run, presses among them, on the clock of
            its own recording.
        truth : Bunch
            ``runs``: for each run what was planted: ``eeg`` (parts in V by name, of which the
            recording is the sum up to quantisation; ``eeg.brain()`` is the clean EEG),
            ``trials`` with latents, ``triggers``, ``missing_triggers``, ``clock``,
            ``heartbeats``, ``breathing``, ``blinks``, ``bad_channels``, ``state`` (arousal and
            alpha), ``motion``, ``poses``, ``slice_poses``, ``bold("still"|"moved")``, ``maps``,
            ``peaks``, ``lag_map``, ``courses``, ``sources``, ``mni``, ``brain_mask``.
            ``trials``: those of all runs. ``bayes_accuracy``: the best possible accuracy in each
            run, from the recordings without artefacts (NaN where real recordings stand in) and
            from the latents. ``class_effect``: half the distance between the classes in each
            latent. ``sources``: the planted sources.
        DESCR : str
            Description of the data set.

    Raises
    ------
    TypeError
        If a parameter is of the wrong kind.
    ValueError
        If an option is unknown or out of bounds, or real recordings do not fit.
    FileExistsError
        If the BIDS folder holds something.
    ImportError
        If `write_bids` lacks pybv.

    Notes
    -----
    The head is a layered sphere [1]_, responses are superposed logistic functions that peak after
    4 to 7 s [2]_, [3]_. Alpha lowers occipital BOLD [4]_. The gradient artefact is that of three
    gradients in loops that move with the head [5]_; the pulse artefact has the size and delay of
    3 T [6]_, [7]_, the pump the frequency of [8]_. Noise of heart and breath enters both
    modalities from the same traces [9]_. The head's image, limited by the k-space of the scanner,
    is brought to a grid three times as fine by its Fourier transform and sampled there at the
    pose of each slice; movement across slices changes what the pulse before left [10]_.

    Of the modality that has the class, the best possible accuracy on clean single trials is
    `bayes_accuracy` on average: the matched filter of all channels and times in the known noise,
    and the generalised least squares estimate in the known noise of the regions. Artefacts and
    imperfect filters only lose.

    A run of 5 minutes with 32 channels at 5 kHz takes about 1 GB at its peak. For tests,
    ``n_subjects=2, n_volumes=40, volume_shape=(16, 16, 8), n_channels=8, sfreq=250`` gives some
    35 trials in about half a second.

    References
    ----------
    .. [1] Zhang, Z. (1995). A fast method to compute surface potentials generated by dipoles
       within multilayer anisotropic spheres. Physics in Medicine & Biology, 40(3), 335-349.
       doi:10.1088/0031-9155/40/3/001
    .. [2] Lindquist, M. A., & Wager, T. D. (2007). Validity and power in hemodynamic response
       modeling. Human Brain Mapping, 28(8), 764-784. doi:10.1002/hbm.20310
    .. [3] Handwerker, D. A., Ollinger, J. M., & D'Esposito, M. (2004). Variation of BOLD
       hemodynamic responses across subjects and brain regions and their effects on statistical
       analyses. NeuroImage, 21(4), 1639-1651. doi:10.1016/j.neuroimage.2003.11.029
    .. [4] Goldman, R. I., Stern, J. M., Engel, J., & Cohen, M. S. (2002). Simultaneous EEG and
       fMRI of the alpha rhythm. NeuroReport, 13(18), 2487-2492.
       doi:10.1097/00001756-200212200-00022
    .. [5] Yan, W. X., Mullinger, K. J., Brookes, M. J., & Bowtell, R. (2009). Understanding
       gradient artefacts in simultaneous EEG/fMRI. NeuroImage, 46(2), 459-471.
       doi:10.1016/j.neuroimage.2009.01.029
    .. [6] Allen, P. J., Polizzi, G., Krakow, K., Fish, D. R., & Lemieux, L. (1998). Identification
       of EEG events in the MR scanner. NeuroImage, 8(3), 229-239. doi:10.1006/nimg.1998.0361
    .. [7] Yan, W. X., Mullinger, K. J., Geirsdottir, G. B., & Bowtell, R. (2010). Physical
       modeling of pulse artefact sources in simultaneous EEG/fMRI. Human Brain Mapping, 31(4),
       604-620. doi:10.1002/hbm.20891
    .. [8] Nierhaus, T., Gundlach, C., Goltz, D., Thiel, S. D., Pleger, B., & Villringer, A.
       (2013). Internal ventilation system of MR scanners induces specific EEG artifact during
       simultaneous EEG-fMRI. NeuroImage, 74, 70-76. doi:10.1016/j.neuroimage.2013.02.016
    .. [9] Glover, G. H., Li, T. Q., & Ress, D. (2000). Image-based method for retrospective
       correction of physiological motion effects in fMRI: RETROICOR. Magnetic Resonance in
       Medicine, 44(1), 162-167. doi:10.1002/1522-2594(200007)44:1<162::AID-MRM23>3.0.CO;2-E
    .. [10] Friston, K. J., Williams, S., Howard, R., Frackowiak, R. S., & Turner, R. (1996).
       Movement-related effects in fMRI time-series. Magnetic Resonance in Medicine, 35(3),
       346-355. doi:10.1002/mrm.1910350312

    Examples
    --------
    >>> from sklearn_neurofuse.datasets import simulate_eeg_fmri
    >>> data = simulate_eeg_fmri(
    ...     n_subjects=1, n_volumes=20, volume_shape=(16, 16, 8), n_channels=8, sfreq=250,
    ...     random_state=0,
    ... )
    >>> data.X["eeg"]
    Recordings of 6 events in 1 eeg recording of 1 subject
    >>> data.X["fmri"].load(0).img.shape
    (16, 16, 8, 20)
    >>> list(data.truth.runs[0].eeg)[:4]
    ['evoked', 'background', 'alpha', 'ocular']
    """
    _check_numbers(n_subjects, n_sessions, n_runs, n_volumes, t_r, sfreq, class_signal)
    check_choice(OWNER, "regime", regime, _REGIMES)
    if write_bids is not None:
        write_bids = check_writable(write_bids)
    settings = Settings(
        n_subjects=n_subjects,
        n_sessions=n_sessions,
        n_runs=n_runs,
        n_volumes=n_volumes,
        t_r=float(t_r),
        sfreq=float(sfreq),
        regime=regime,
        class_signal=class_signal,
        design=read_options("design", design, Design),
        scan=read_options("scan", scan, Scan),
        controls=read_options("controls", controls, Controls),
        **_read_eeg(eeg, base_eeg, n_channels),
        **_read_bold(bold, base_bold, brain, volume_shape, scan, n_volumes),
        **_read_body(motion, heart, n_volumes),
    )
    _check_scan(settings)
    seed = int(check_random_state(random_state).randint(2**31))
    return render_all(*plan_runs(settings, seed), write_bids)


def _check_numbers(n_subjects, n_sessions, n_runs, n_volumes, t_r, sfreq, class_signal):
    for name, value in (
        ("n_subjects", n_subjects),
        ("n_sessions", n_sessions),
        ("n_runs", n_runs),
        ("n_volumes", n_volumes),
    ):
        check_number(OWNER, name, value, low=1, integer=True)
    check_number(OWNER, "t_r", t_r, low=0.2, high=10.0, unit="s")
    check_number(OWNER, "sfreq", sfreq, low=200.0, high=50_000.0, unit="Hz")
    check_number(OWNER, "class_signal", class_signal, low=0.0)


def _read_eeg(eeg, base, n_channels):
    base = as_list(base, BaseRaw)
    if base is None:
        check_number(OWNER, "n_channels", n_channels, low=4, high=len(CHANNELS), integer=True)
        channels, off = CHANNELS[:n_channels], OFF_BY_DEFAULT
    else:
        base, channels = read_base_eeg(base)
        off = tuple(EEG_EFFECTS)
    return {
        "channels": channels,
        "reference": next((name for name in REFERENCES if name not in channels), REFERENCES[0]),
        "eeg": read_effects("eeg", eeg, EEG_EFFECTS, off=off),
        "base_eeg": base,
    }


def _read_bold(bold, base, brain, volume_shape, scan, n_volumes):
    base = as_list(base, (SpatialImage, str, os.PathLike))
    brain_given, brain = brain, read_options("brain", brain, Brain)
    if base is None:
        shape = _check_shape(volume_shape)
        affine = _affine(shape, np.array(read_options("scan", scan, Scan).fov))
        off = ()
    else:
        base = read_base_bold(base, n_volumes)
        shape, affine = base[0].shape[:3], base[0].affine
        _check_place(brain_given, scan)
        # the real head lies where its image says, which is taken for MNI space
        brain, off = replace(brain, anatomy=0.0), tuple(BOLD_EFFECTS)
    return {
        "shape": shape,
        "affine": affine,
        "brain": brain,
        "bold": read_effects("bold", bold, BOLD_EFFECTS, off=off),
        "base_bold": base,
    }


def _check_place(brain, scan):
    for name, given, option in (("brain", brain, "anatomy"), ("scan", scan, "fov")):
        if given is not None and given.get(option):
            raise ValueError(
                f"{OWNER}: {name}[{option!r}] must not be given with base_bold, whose image says "
                f"where the head lies, got {given[option]!r}"
            )


def _check_shape(shape):
    if not isinstance(shape, (tuple, list)) or len(shape) != 3:
        raise TypeError(f"{OWNER}: volume_shape must be three integers, got {shape!r}")
    for size in shape:
        check_number(OWNER, "volume_shape", size, low=8, high=256, integer=True)
    return tuple(int(size) for size in shape)


def _affine(shape, fov):
    voxels = fov / shape
    affine = np.diag([*voxels, 1.0])
    affine[:3, 3] = MIDDLE - 0.5 * voxels * (np.array(shape) - 1)
    return affine


def _read_body(motion, heart, n_volumes):
    measured = not isinstance(motion, (Real, dict)) and motion is not None
    beats = heart is not None and not isinstance(heart, dict)
    tables = (np.ndarray, pd.DataFrame)
    return {
        "head_motion": read_effect("motion", True if measured else motion, HeadMotion),
        "motion": read_motion(as_list(motion, tables), n_volumes) if measured else None,
        "heart_options": read_options("heart", None if beats else heart, Heart),
        "heart": read_heart(as_list(heart, np.ndarray)) if beats else None,
    }


def _check_scan(settings):
    scan, timing = settings.scan, settings.timing
    if settings.shape[2] % scan.multiband:
        raise ValueError(
            f"{OWNER}: scan['multiband'] must divide the {settings.shape[2]} slices, "
            f"got {scan.multiband}"
        )
    n_most = len(timing.volume_starts) - 2
    if scan.missing_triggers > n_most:
        raise ValueError(
            f"{OWNER}: scan['missing_triggers'] must be at most {n_most}, "
            f"got {scan.missing_triggers}"
        )
