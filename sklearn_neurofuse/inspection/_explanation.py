"""`Explanation`: what spoke for a decision, in units that people know."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from sklearn_neurofuse.containers import ConnectomeSpace, SensorSpace, VolumeSpace

_MAPS = {
    "to_nifti": (VolumeSpace, "a VolumeSpace"),
    "to_evoked": (SensorSpace, "a SensorSpace with a time axis"),
    "to_matrix": (ConnectomeSpace, "a ConnectomeSpace"),
}


@dataclass(frozen=True, eq=False)
class Explanation:
    """What spoke for and against the class of one sample, by a local linear surrogate.

    Parameters
    ----------
    units : list of Unit
        Parts of the modalities that were taken away or left.
    weights : ndarray of shape (n_repeats, n_units)
        Change of the probability of `target_class` by each, once for each repeat.
    layout : Layout
        Names, shapes and spaces of the modalities.
    target_class : object
        The class that is explained.
    probability : float
        What the model gives it.
    fidelity : ndarray of shape (n_repeats,)
        Weighted R² of the surrogate.

    Attributes
    ----------
    weight : ndarray of shape (n_units,)
        Mean over repeats.
    stability : float
        Mean correlation of the weights between repeats; NaN for one.
    modality_share : dict of str to float
        Share of each modality in the sum of absolute weights.
    """

    units: list
    weights: np.ndarray
    layout: object
    target_class: object
    probability: float
    fidelity: np.ndarray = field(repr=False)

    @property
    def weight(self):
        """Mean weight of each unit over repeats, ndarray of shape (n_units,)."""
        return self.weights.mean(axis=0)

    @property
    def stability(self):
        """Mean correlation of the weights between repeats; NaN for one repeat."""
        if len(self.weights) < 2 or not self.weights.std(axis=1).all():
            return np.nan
        r = np.corrcoef(self.weights)
        return float(r[np.triu_indices(len(r), 1)].mean())

    @property
    def modality_share(self):
        """Share of each modality in the sum of absolute weights, dict of str to float."""
        sums = dict.fromkeys(self.layout.names, 0.0)
        for unit, weight in zip(self.units, self.weight, strict=True):
            sums[unit.modality] += abs(float(weight))
        total = sum(sums.values())
        return {name: value / total if total else np.nan for name, value in sums.items()}

    def to_frame(self):
        """List the units, the heaviest first.

        Returns
        -------
        DataFrame
            Columns ``modality``, ``unit``, ``weight`` (change of probability), ``std`` over
            repeats, ``size`` (values in the unit), and what is known of its place: ``x``, ``y``,
            ``z`` in mm, ``channels``, ``tmin``, ``tmax`` in s, ``band``.
        """
        spread = self.weights.std(axis=0, ddof=1) if len(self.weights) > 1 else np.nan
        table = pd.DataFrame([unit.describe() for unit in self.units])
        table.insert(2, "weight", self.weight)
        table.insert(3, "std", spread)
        order = np.argsort(-np.abs(self.weight), kind="stable")
        return table.iloc[order].reset_index(drop=True)

    def to_array(self, modality):
        """Paint the weights on one modality.

        Parameters
        ----------
        modality : str
            Its name.

        Returns
        -------
        ndarray
            Of the shape of a sample; 0 outside all units.
        """
        if modality not in self.layout.names:
            raise ValueError(
                f"Explanation: modality must be one of {', '.join(self.layout.names)}, "
                f"got {modality!r}"
            )
        painted = np.zeros(int(np.prod(self.layout.shapes[modality])))
        for unit, weight in zip(self.units, self.weight, strict=True):
            if unit.modality == modality:
                painted[unit.columns] = weight
        return painted.reshape(self.layout.shapes[modality])

    def to_nifti(self, modality=None):
        """Give the weights as an image.

        Parameters
        ----------
        modality : str, default=None
            Name of a modality of volumes; None where there is one.

        Returns
        -------
        Nifti1Image
            In the space of the volumes.

        Raises
        ------
        ValueError
            If there is no such modality, or several.
        """
        modality = self._find("to_nifti", modality)
        return self.layout.spaces[modality].to_nifti(self.to_array(modality))

    def to_evoked(self, modality=None):
        """Give the weights over channels and times.

        Parameters
        ----------
        modality : str, default=None
            Name of a modality of epochs; None where there is one.

        Returns
        -------
        mne.EvokedArray
            Weights in place of volts.

        Raises
        ------
        ValueError
            If there is no such modality, or several.
        """
        modality = self._find("to_evoked", modality)
        return self.layout.spaces[modality].to_mne(self.to_array(modality))

    def to_matrix(self, modality=None):
        """Give the weights between regions.

        Parameters
        ----------
        modality : str, default=None
            Name of a modality of connectomes; None where there is one.

        Returns
        -------
        ndarray of shape (..., n_regions, n_regions)
            Symmetric.

        Raises
        ------
        ValueError
            If there is no such modality, or several.
        """
        modality = self._find("to_matrix", modality)
        return self.layout.spaces[modality].to_matrix(self.to_array(modality))

    def _find(self, method, modality):
        kind, wanted = _MAPS[method]
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
            f"Explanation: {method} needs the name of a modality with {wanted}, got {modality!r}; "
            f"there {'are' if len(fitting) > 1 else 'is'} {', '.join(fitting) or 'none'}; a plain "
            "array gets a space by Block(data, space)"
        )

    def __repr__(self):
        share = ", ".join(f"{name} {value:.0%}" for name, value in self.modality_share.items())
        return (
            f"Explanation of class {self.target_class} (probability {self.probability:.2f}): "
            f"{share}; R² {np.mean(self.fidelity):.2f}"
        )
