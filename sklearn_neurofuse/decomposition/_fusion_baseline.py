"""The classical ways of fusing modalities, each as one ready pipeline."""

from functools import partial

from sklearn.base import clone
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_neurofuse._validation import check_choice
from sklearn_neurofuse.compose import ModalitySelector
from sklearn_neurofuse.decomposition._cca_joint_ica import CCAJointICA
from sklearn_neurofuse.decomposition._joint_ica import JointICA
from sklearn_neurofuse.decomposition._multimodal_cca import MultimodalCCA
from sklearn_neurofuse.decomposition._parallel_ica import ParallelICA

_DECOMPOSITIONS = {
    "cca": MultimodalCCA,
    "jica": JointICA,
    "cca+jica": CCAJointICA,
    "pica": ParallelICA,
}
_BY_NAME = {"vote": partial(VotingClassifier, voting="soft"), "stack": StackingClassifier}


def fusion_baseline(
    model, modalities=None, *, n_components=None, classifier=None, random_state=None
):
    """Make a classical fusion model, or that of one modality, as a ready pipeline.

    Early fusion puts features side by side, late fusion combines the predictions of one classifier
    for each modality, and between them stand the decompositions.

    Parameters
    ----------
    model : str
        ``"cca"``, ``"jica"``, ``"cca+jica"`` or ``"pica"``: scores of a decomposition;
        ``"concat"``: all features side by side; ``"vote"``: mean of the modalities'
        probabilities; ``"stack"``: a logistic regression on them, out of fold; or the
        name of a modality: this one alone.
    modalities : Multimodal or sequence of str, default=None
        Names of the modalities to fuse, or samples that have them. None takes all that there are
        in `fit`, where a model need not name them: decompositions and ``"concat"``.
    n_components : int, default=None
        Number of components of a decomposition; None leaves its own default.
    classifier : classifier, default=None
        What decides in the end; with ``"vote"`` it must give probabilities. None is
        :class:`~sklearn.linear_model.LogisticRegression`.
    random_state : int, RandomState or None, default=None
        Passed to decompositions that draw at random.

    Returns
    -------
    Pipeline
        Classifier of a `Multimodal`. Features and scores are standardised on training samples;
        where features are used directly, those of a missing modality are replaced
        by their mean.

    Raises
    ------
    ValueError
        If there is no such model, or fusion is asked of one modality or, by vote or stacking, of
        unnamed ones.

    Examples
    --------
    >>> from sklearn_neurofuse.decomposition import fusion_baseline
    >>> [step for step, _ in fusion_baseline("jica", ["fmri", "eeg"]).steps]
    ['modalityselector', 'jointica', 'standardscaler', 'logisticregression']
    >>> fusion_baseline("vote", ["fmri", "eeg"])[-1].voting
    'soft'
    """
    names = getattr(modalities, "modalities", modalities)
    names = () if names is None else tuple(names)
    fusions = (*_DECOMPOSITIONS, "concat", "vote", "stack")
    check_choice("fusion_baseline", "model", model, (*fusions, *names))
    classifier = LogisticRegression() if classifier is None else classifier
    if model in names:
        return make_pipeline(ModalitySelector(model), *_features(classifier))
    if len(names) == 1 or (modalities is None and model in _BY_NAME):
        raise ValueError(
            f"fusion_baseline: model {model!r} fuses two or more modalities, got {modalities!r}"
        )
    select = [ModalitySelector(list(names))] if names else []
    if model == "concat":
        return make_pipeline(*select, *_features(classifier))
    if model in _BY_NAME:
        branches = [
            (name, make_pipeline(ModalitySelector(name), *_features(classifier))) for name in names
        ]
        return make_pipeline(*select, _BY_NAME[model](branches))
    parameters = {} if n_components is None else {"n_components": n_components}
    decomposition = _DECOMPOSITIONS[model](random_state=random_state, **parameters)
    return make_pipeline(*select, decomposition, StandardScaler(), clone(classifier))


def _features(classifier):
    # StandardScaler leaves NaN out, and a missing modality then is at its mean, 0
    imputer = SimpleImputer(strategy="constant", fill_value=0.0, keep_empty_features=True)
    return StandardScaler(), imputer, clone(classifier)
