"""`make_modality_transformer`: a `ModalityTransformer` by keywords."""

from sklearn_neurofuse.compose._modality_transformer import ModalityTransformer


def make_modality_transformer(*, remainder="passthrough", n_jobs=None, verbose=False, **modalities):
    """Make a `ModalityTransformer` with the modalities as keywords.

    Parameters
    ----------
    remainder : {"passthrough", "drop"}, default="passthrough"
        What happens to modalities that are not named.
    n_jobs : int, default=None
        Number of branches that run at once.
    verbose : bool, default=False
        Whether to print the time taken to fit each branch.
    **modalities : transformer, "passthrough" or "drop"
        What transforms each modality.

    Returns
    -------
    ModalityTransformer
        The estimator.

    Raises
    ------
    ValueError
        If no modality is named.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_neurofuse.compose import make_modality_transformer
    >>> make_modality_transformer(fmri=PCA(5), eeg=StandardScaler()).transformers
    [('fmri', PCA(n_components=5)), ('eeg', StandardScaler())]
    """
    if not modalities:
        raise ValueError("make_modality_transformer: at least one modality is needed, got none")
    return ModalityTransformer(
        list(modalities.items()), remainder=remainder, n_jobs=n_jobs, verbose=verbose
    )
