"""What has to hold between the modalities of a `Multimodal`."""

from sklearn_neurofuse._validation import nearest
from sklearn_neurofuse.containers._volume_space import NATIVE, VolumeSpace


def check_names(names):
    """Refuse names that cannot stand in parameter, feature and file names.

    Parameters
    ----------
    names : iterable of str
        Names of modalities.

    Raises
    ------
    ValueError
        If one is no identifier or holds a double underscore.
    """
    # names become parameter prefixes ("eeg__l_freq") and file names
    unfit = [name for name in names if not name.isidentifier() or "__" in name]
    if unfit:
        raise ValueError(
            "Multimodal: names of modalities must be identifiers without a double underscore, "
            f"got {', '.join(map(repr, unfit))}"
        )


def check_known(name, names):
    """Refuse the name of a modality that is not there.

    Parameters
    ----------
    name : str
        The name.
    names : iterable of str
        Names of the modalities that are there.

    Returns
    -------
    str
        The name.

    Raises
    ------
    KeyError
        Lists the modalities and tells the nearest.
    """
    if name not in names:
        raise KeyError(
            f"Multimodal: no modality {name!r}, there are {', '.join(names)}{nearest(name, names)}"
        )
    return name


def check_lengths(blocks):
    """Refuse modalities that are empty or differ in length.

    Parameters
    ----------
    blocks : dict of str to AbstractBlock
        The modalities.

    Raises
    ------
    ValueError
        Names the modalities and their lengths.
    """
    lengths = {name: len(block) for name, block in blocks.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"Multimodal: modalities must have equal numbers of samples, got {told}")
    if 0 in lengths.values():
        raise ValueError(f"Multimodal: no samples in {', '.join(lengths)}")


def check_modalities(names):
    """Refuse parts that cannot be stacked because they differ in modalities.

    Parameters
    ----------
    names : list of tuple of str
        The modalities of each part, in any order.

    Raises
    ------
    ValueError
        If there is no part, or names the modalities that differ.
    """
    if not names:
        raise ValueError("Multimodal.concatenate: at least one part is needed, got none")
    other = next((part for part in names if set(part) != set(names[0])), None)
    if other is not None:
        raise ValueError(
            "Multimodal.concatenate: parts differ in modalities: "
            f"{', '.join(names[0])} and {', '.join(other)}"
        )


def check_spaces(blocks):
    """Refuse volumes of different template spaces.

    Parameters
    ----------
    blocks : dict of str to AbstractBlock
        The modalities.

    Raises
    ------
    ValueError
        Names the modalities and their spaces.
    """
    spaces = {
        name: block.space.space
        for name, block in blocks.items()
        if isinstance(block.space, VolumeSpace) and block.space.space != NATIVE
    }
    if len(set(spaces.values())) > 1:
        told = ", ".join(f"{name} in {space}" for name, space in spaces.items())
        raise ValueError(f"Multimodal: volumes of different template spaces are not mixed: {told}")


def check_arrays(blocks):
    """Refuse modalities whose samples are not arrays yet.

    Parameters
    ----------
    blocks : dict of str to AbstractBlock
        The modalities.

    Raises
    ------
    TypeError
        Names the modality and what to add.
    """
    for name, block in blocks.items():
        if block.sample_shape is None:
            raise TypeError(
                f"Multimodal: modality {name!r} holds {type(block).__name__}, which are not "
                "arrays yet; end its steps with an extractor, such as Epocher or BandPower "
                "for EEG, TrialBetas or VolumeWindow for fMRI, in a ModalityTransformer"
            )
