"""Linked sources: what canonical correlation and joint ICA are meant to find."""

import numpy as np
from sklearn.utils import Bunch

from sklearn_neurofuse._validation import check_choice, check_number
from sklearn_neurofuse.containers import Block, Multimodal
from sklearn_neurofuse.datasets._draw import as_generator
from sklearn_neurofuse.datasets._patterns import check_sizes
from sklearn_neurofuse.datasets._sources import (
    draw_loadings,
    draw_sources,
    make_field,
    mix_sources,
    variance_between,
)

_OWNER = "make_linked_sources"
_KINDS = ("volumes", "epochs", "features")
_DISTRIBUTIONS = ("super", "sub", "mixed")
# columns "A1-A2 corr" and "S1-S2 corr" of Table 1, and strengths that the table does not tell:
# a strong source of little correlation crowds two weak ones out of joint ICA's subspace
_SUI_2010 = (
    (0.988, 0.781, 0.678, 0.590, 0.217, 0.881),
    (0.987, 0.880, 0.760, 0.451, 0.383, 0.004),
    (1.0, 1.0, 0.7, 0.719, 1.5, 0.9),
)
_DESCR = """\
Linked sources
--------------
{n_samples} made subjects, {n_sources} sources in each of {names}. Each modality is the sum of
its sources times the subjects' loadings, plus white noise of a peak signal-to-noise ratio of
{psnr:g} dB. Loadings of a source are correlated between the modalities; see the documentation
of make_linked_sources.
"""


def make_linked_sources(
    n_samples=100,
    *,
    correlations=(0.9, 0.7, 0.5, 0.3),
    source_correlations=None,
    strengths=None,
    modalities=None,
    distribution="super",
    psnr=10.0,
    group_effect=0.0,
    volume_shape=(24, 28, 24),
    n_channels=32,
    n_times=250,
    n_features=1000,
    sfreq=250.0,
    random_state=None,
):
    r"""Make modalities whose sources are linked through their loadings over subjects.

    Each modality m is a mixture :math:`X_m = A_m S_m + E_m` of independent sources, the rows of
    :math:`S_m` (smooth maps, or patterns over channels and times), with subjects' loadings
    :math:`A_m`. Column k of the loadings has a chosen correlation between the modalities. That
    is the model of canonical correlation analysis and of joint ICA, which assumes that all
    these correlations are one [1]_ [2]_.

    Parameters
    ----------
    n_samples : int, default=100
        Number of subjects; more than the number of sources times that of modalities, plus one.
    correlations : sequence of float or "sui2010", default=(0.9, 0.7, 0.5, 0.3)
        For each source the correlation of its loadings between any two modalities, in [-1, 1]
        (from -1 / (n_modalities - 1) on if there are more than two). ``"sui2010"`` takes both
        columns of correlations of Table 1 of [1]_: six sources in two tasks; then
        `source_correlations` and `strengths` are set too and must be None.
    source_correlations : sequence of float, default=None
        For each source the correlation of its maps between any two modalities, which must then
        be of one kind; None makes them independent.
    strengths : sequence of float, default=None
        Standard deviation of the loadings of each source; None is one.
    modalities : dict of str to {"volumes", "epochs", "features"}, default=None
        Names and kinds, at least two. None is ``{"fmri": "volumes", "eeg": "epochs"}``, and for
        ``"sui2010"`` ``{"task_1": "volumes", "task_2": "volumes"}``.
    distribution : {"super", "sub", "mixed"}, default="super"
        Whether sources are super-Gaussian (Laplace), sub-Gaussian (uniform), or by turns.
    psnr : float, default=10.0
        Peak signal-to-noise ratio in dB: the peak of a subject's data without noise, squared,
        over the variance of the noise; the mean over subjects. ``inf`` makes no noise.
    group_effect : float or sequence of float, default=0.0
        Difference between two equal groups of subjects in the loadings of each source, in
        standard deviations within groups (Cohen's d).
    volume_shape : tuple of 3 int, default=(24, 28, 24)
        Number of voxels along x, y and z, at least 4 each, spanning the MNI box.
    n_channels : int, default=32
        Number of EEG channels, at least 4.
    n_times : int, default=250
        Number of sample points of an epoch, at least 16.
    n_features : int, default=1000
        Number of plain features, at least 16.
    sfreq : float, default=250.0
        Sampling frequency in Hz.
    random_state : int, RandomState instance or None, default=None
        Seed.

    Returns
    -------
    Bunch
        With the attributes

        X : Multimodal
            Float32; ``volumes`` in arbitrary units, ``epochs`` in V.
        target : ndarray of int of shape (n_samples,)
            The group.
        target_names : list of str
            Names of the groups.
        groups : ndarray of int of shape (n_samples,)
            The subject; every sample is one.
        sources : dict of ndarray of shape (n_sources, ...)
            In each modality, uncorrelated, of mean zero and of variance one (1e-10 V² for
            epochs).
        loadings : dict of ndarray of shape (n_samples, n_sources)
            In each modality, of mean zero and with the standard deviations `strengths`.
        correlations : ndarray of shape (n_sources,)
            Of the loadings; they have these exactly, in this sample.
        source_correlations : ndarray of shape (n_sources,) or None
            Of the sources, likewise.
        strengths : ndarray of shape (n_sources,)
            Standard deviations of the loadings.
        noise_sd : dict of float
            Standard deviation of the noise, in the unit of the data.
        DESCR : str
            A description.

    Raises
    ------
    TypeError
        If a parameter is of the wrong kind.
    ValueError
        If a parameter is out of bounds, sources are to be correlated between kinds, or a
        difference between groups leaves no room for a correlation so low.

    Notes
    -----
    Sources are smooth normal fields sent through the quantile function of the distribution,
    then orthogonalised symmetrically. Correlated columns are
    made from uncorrelated ones with the symmetric square root of the correlation matrix, so
    that loadings of different sources are uncorrelated too, unless both differ between groups.

    The table tells the two correlations of each source and the ratio of peak to noise; the
    number of subjects, the images, their distribution and the strengths are this function's.
    With equal strengths joint ICA would find all six, because what a source has in common
    between the tasks has more variance than what any source has not. Here the strong fifth
    source, of correlation .217, takes two of six components, and as in the table joint ICA
    loses the third and fourth, which canonical correlation followed by ICA finds.

    References
    ----------
    .. [1] Sui, J. et al. (2010). A CCA+ICA based model for multi-task brain imaging data fusion
       and its application to schizophrenia. NeuroImage 51(1), 123-134.
       doi:10.1016/j.neuroimage.2010.01.069
    .. [2] Calhoun, V. D. et al. (2006). Method for multimodal analysis of independent source
       differences in schizophrenia: combining gray matter structural and auditory oddball
       functional data. Human Brain Mapping 27(1), 47-62. doi:10.1002/hbm.20166

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_neurofuse.datasets import make_linked_sources
    >>> data = make_linked_sources(60, correlations=[0.8, 0.3], volume_shape=(8, 9, 8),
    ...                            n_channels=8, n_times=50, random_state=0)
    >>> data.X.shape
    (60, 976)
    >>> one, other = data.loadings["fmri"], data.loadings["eeg"]
    >>> print(np.round(np.mean(one * other, axis=0), 3))
    [0.8 0.3]
    """
    modalities = _check_modalities(modalities, correlations)
    if isinstance(correlations, str):
        correlations, source_correlations, strengths = _look_up(
            correlations, source_correlations, strengths
        )
    links = _check_correlations("correlations", correlations, len(modalities))
    source_links = _check_source_correlations(source_correlations, len(links), modalities)
    strengths = _check_strengths(strengths, len(links))
    _check_numbers(n_samples, len(links) * len(modalities), distribution, psnr, n_features)
    volume_shape = check_sizes(_OWNER, volume_shape, n_channels, n_times, sfreq)
    sizes = (volume_shape, n_channels, n_times, n_features, float(sfreq))
    loading_stream, source_stream, noise_stream = as_generator(random_state).spawn(3)
    target = loading_stream.permutation(np.arange(n_samples) % 2)
    effects = _check_effects(group_effect, links, len(modalities), target)
    loadings = draw_loadings(target, links, effects, len(modalities), loading_stream) * strengths
    fields = {name: make_field(kind, *sizes) for name, kind in modalities.items()}
    sources = draw_sources(fields, len(links), source_links, distribution, source_stream)
    blocks, noise_sd = {}, {}
    for weights, (name, (space, _, _)) in zip(loadings, fields.items(), strict=True):
        data, noise_sd[name] = mix_sources(weights, sources[name], psnr, noise_stream)
        blocks[name] = Block(data, space)
    return Bunch(
        X=Multimodal(**blocks),
        target=target,
        target_names=["group_0", "group_1"],
        groups=np.arange(n_samples),
        sources=sources,
        loadings=dict(zip(modalities, loadings, strict=True)),
        correlations=links,
        source_correlations=source_links,
        strengths=strengths,
        noise_sd=noise_sd,
        DESCR=_DESCR.format(
            n_samples=n_samples, n_sources=len(links), names=", ".join(modalities), psnr=psnr
        ),
    )


def _check_modalities(modalities, correlations):
    if modalities is None:
        if isinstance(correlations, str):
            return {"task_1": "volumes", "task_2": "volumes"}
        return {"fmri": "volumes", "eeg": "epochs"}
    if not isinstance(modalities, dict) or len(modalities) < 2:
        raise ValueError(
            f"{_OWNER}: modalities must be a dict of two or more names to kinds, got {modalities!r}"
        )
    for name, kind in modalities.items():
        check_choice(_OWNER, f"modalities[{name!r}]", kind, _KINDS)
    return dict(modalities)


def _check_correlations(what, values, n_modalities):
    values = np.asarray(values, dtype=float)
    low = -1.0 / (n_modalities - 1)
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"{_OWNER}: {what} must hold one number for each source")
    for value in values.tolist():
        check_number(_OWNER, f"each of {what}", value, low=low, high=1.0)
    return values


def _check_source_correlations(values, n_sources, modalities):
    if values is None:
        return None
    values = _check_correlations("source_correlations", values, len(modalities))
    if len(values) != n_sources:
        raise ValueError(
            f"{_OWNER}: source_correlations must have {n_sources} numbers, as correlations has, "
            f"got {len(values)}"
        )
    kinds = sorted(set(modalities.values()))
    if len(kinds) > 1:
        raise ValueError(
            f"{_OWNER}: source_correlations need modalities of one kind, got {', '.join(kinds)}"
        )
    return values


def _look_up(name, source_correlations, strengths):
    check_choice(_OWNER, "correlations", name, ("sui2010",))
    given = {"source_correlations": source_correlations, "strengths": strengths}
    for what, value in given.items():
        if value is not None:
            raise ValueError(f"{_OWNER}: {what} must be None with correlations={name!r}")
    return _SUI_2010


def _check_strengths(strengths, n_sources):
    strengths = np.ones(n_sources) if strengths is None else np.array(strengths, dtype=float)
    if strengths.shape != (n_sources,):
        raise ValueError(
            f"{_OWNER}: strengths must have {n_sources} numbers, as correlations has, "
            f"got shape {strengths.shape}"
        )
    for value in strengths.tolist():
        check_number(_OWNER, "each of strengths", value, low=0.0, closed="neither")
    return strengths


def _check_effects(group_effect, links, n_modalities, target):
    effects = np.array(group_effect, dtype=float)
    if effects.shape not in ((), links.shape):
        raise ValueError(
            f"{_OWNER}: group_effect must be a number or {len(links)} numbers, as correlations "
            f"has, got shape {effects.shape}"
        )
    effects = np.broadcast_to(effects, links.shape)
    for value in effects.tolist():
        check_number(_OWNER, "group_effect", value, low=-10.0, high=10.0)
    between = variance_between(target, effects)
    # what groups share adds to the correlation, so the rest may have to be too negative
    lowest = between - (1.0 - between) / (n_modalities - 1)
    for low, link in zip(lowest.tolist(), links.tolist(), strict=True):
        check_number(_OWNER, "with such a group_effect a correlation", link, low=round(low, 9))
    return effects


def _check_numbers(n_samples, n_columns, distribution, psnr, n_features):
    check_number(_OWNER, "n_samples", n_samples, low=n_columns + 2, integer=True)
    check_choice(_OWNER, "distribution", distribution, _DISTRIBUTIONS)
    check_number(_OWNER, "psnr", psnr, low=-100.0, unit="dB")
    check_number(_OWNER, "n_features", n_features, low=16, integer=True)
