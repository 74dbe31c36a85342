"""`attention_maps`: where a fusion network looks."""

from dataclasses import dataclass

import pandas as pd
from sklearn.pipeline import Pipeline

from sklearn_neurofuse.containers import SensorSpace, VolumeSpace
from sklearn_neurofuse.inspection._pipeline import apply_first, split_at_arrays

_OWNER = "attention_maps"


@dataclass(frozen=True, eq=False)
class AttentionMaps:
    """Where a network looks in each sample.

    Parameters
    ----------
    maps : dict of str to ndarray of shape (n_samples, ...)
        For each modality; all modalities together sum to one for each sample.
    layout : Layout
        Names, shapes and spaces of the modalities.
    share : DataFrame of shape (n_samples, n_modalities)
        Sum of the attention in each modality.
    """

    maps: dict
    layout: object
    share: pd.DataFrame

    def __len__(self):
        return len(self.share)

    @property
    def modality_share(self):
        """Mean share of each modality, dict of str to float."""
        return self.share.mean().to_dict()

    def to_nifti(self, index=None, modality=None):
        """Give the attention on voxels.

        Parameters
        ----------
        index : int, default=None
            A sample; None is the mean over all.
        modality : str, default=None
            Name of a modality of volumes; None where there is one.

        Returns
        -------
        Nifti1Image
            In percent of all attention of the sample.

        Raises
        ------
        ValueError
            If there is no such modality, or several.
        IndexError
            If there is no such sample.
        """
        name = self._find("to_nifti", VolumeSpace, modality)
        return self.layout.spaces[name].to_nifti(100 * self._take(name, index))

    def to_evoked(self, index=None, modality=None):
        """Give the attention over channels and times.

        Parameters
        ----------
        index : int, default=None
            A sample; None is the mean over all.
        modality : str, default=None
            Name of a modality of epochs; None where there is one.

        Returns
        -------
        mne.EvokedArray
            Percent of all attention in place of volts.

        Raises
        ------
        ValueError
            If there is no such modality, or several.
        IndexError
            If there is no such sample.
        """
        name = self._find("to_evoked", SensorSpace, modality)
        return self.layout.spaces[name].to_mne(100 * self._take(name, index))

    def time_course(self, index=None, modality=None):
        """Give the attention on each time, summed over channels.

        Parameters
        ----------
        index : int, default=None
            A sample; None is the mean over all.
        modality : str, default=None
            Name of a modality of epochs; None where there is one.

        Returns
        -------
        Series
            In percent of all attention, indexed by time in s.
        """
        name = self._find("time_course", SensorSpace, modality)
        course = 100 * self._take(name, index).sum(axis=0)
        times = self.layout.spaces[name].times(len(course))
        return pd.Series(course, index=pd.Index(times, name="time"), name="attention")

    def _take(self, name, index):
        if index is None:
            return self.maps[name].mean(axis=0)
        if not -len(self) <= index < len(self):
            raise IndexError(
                f"AttentionMaps: index must be in [{-len(self)}, {len(self)}), got {index}"
            )
        return self.maps[name][index]

    def _find(self, method, kind, modality):
        fitting = [
            name
            for name, space in self.layout.spaces.items()
            if isinstance(space, kind) and getattr(space, "tmin", 0.0) is not None
        ]
        if modality is None and len(fitting) == 1:
            return fitting[0]
        if modality in fitting:
            return modality
        raise ValueError(
            f"AttentionMaps: {method} needs the name of a modality with a {kind.__name__}, got "
            f"{modality!r}; there {'are' if len(fitting) > 1 else 'is'} "
            f"{', '.join(fitting) or 'none'}; a plain array gets a space by Block(data, space)"
        )

    def __repr__(self):
        share = ", ".join(f"{name} {value:.0%}" for name, value in self.modality_share.items())
        return f"AttentionMaps of {len(self)} samples: {share}"


def attention_maps(estimator, X):
    """Say where a fitted fusion network looks, on voxels, times and modalities.

    Parameters
    ----------
    estimator : FusionClassifier, FusionRegressor, Pipeline or search
        Fitted, with such a network as its last step. A pipeline that begins with recordings is run.
    X : Multimodal
        Samples.

    Returns
    -------
    AttentionMaps
        Per sample (``maps``, ``share``) and averaged (``to_nifti()``, ``to_evoked()``,
        ``time_course()``, ``modality_share``).

    Raises
    ------
    TypeError
        If X is no Multimodal, or the last step has no attention.
    ValueError
        If the network was not fused by attention.
    NotFittedError
        If the estimator is not fitted.

    Warns
    -----
    ClosedGateWarning
        If the decision was linear, whatever the network looks at.

    Notes
    -----
    Attention tells where the network takes its information from, not in which direction it speaks,
    and not what would happen without it: see `lime_explanation` and `modality_share`
    for that, and [1]_ for the difference.

    References
    ----------
    .. [1] Jain, S., & Wallace, B. C. (2019). Attention is not explanation. NAACL-HLT, 3543-3556.
       doi:10.18653/v1/N19-1357

    Examples
    --------
    >>> from sklearn_neurofuse.inspection import attention_maps
    >>> maps = attention_maps(model, X)  # doctest: +SKIP
    >>> maps.to_nifti()  # doctest: +SKIP
    """
    X, model = split_at_arrays(_OWNER, estimator, X)
    while isinstance(model, Pipeline) and len(model.steps) > 1:
        X, model = apply_first(model, X)
    model = model.steps[0][1] if isinstance(model, Pipeline) else model
    if not hasattr(model, "attention_weights"):
        raise TypeError(
            f"{_OWNER}: {type(model).__name__} has no attention; the last step must be a "
            "FusionClassifier or FusionRegressor with fusion='attention'"
        )
    found = model.attention_weights(X)
    share = pd.DataFrame(found.shares, columns=list(found.maps))
    return AttentionMaps(dict(found.maps), model.layout_, share)
