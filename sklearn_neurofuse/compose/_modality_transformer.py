"""`ModalityTransformer`: a transformer for each modality."""

import numpy as np
import sklearn
from sklearn.base import TransformerMixin, clone
from sklearn.utils import Bunch
from sklearn.utils._repr_html.estimator import _VisualBlock
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from sklearn_neurofuse._validation import check_choice
from sklearn_neurofuse.compose._branch import BranchOutput, fit_branch, transform_branch
from sklearn_neurofuse.compose._checks import (
    check_multimodal,
    check_names,
    check_samples,
    check_transformers,
    set_n_features_in,
)
from sklearn_neurofuse.containers import Layout, Multimodal


class ModalityTransformer(TransformerMixin, _BaseComposition, auto_wrap_output_keys=None):
    """Transform each modality of a `Multimodal` with its own transformer.

    The counterpart of :class:`sklearn.compose.ColumnTransformer`, with modalities for columns
    and a `Multimodal` coming out. Parameters of every step can be searched as
    ``modalitytransformer__eeg__pca__n_components``.

    Parameters
    ----------
    transformers : list of (str, transformer) tuples
        Name of a modality, and what transforms it: a transformer, a pipeline of transformers,
        ``"passthrough"`` or ``"drop"``.
    remainder : {"passthrough", "drop"}, default="passthrough"
        What happens to modalities that are not named.
    n_jobs : int, default=None
        Number of branches that run at once. None means 1 unless in a
        :func:`joblib.parallel_config` context, -1 all processors.
    verbose : bool, default=False
        Whether to print the time taken to fit each branch.

    Attributes
    ----------
    transformers_ : list of (str, transformer) tuples
        The fitted transformer, ``"passthrough"`` or ``"drop"`` for each modality of ``X``, in
        the order of ``X``.
    named_transformers_ : Bunch
        The same by name.
    modalities_in_ : tuple of str
        Names of the modalities seen in fit.
    modalities_out_ : tuple of str
        Names of the modalities that come out.
    n_features_in_ : int
        Number of flat features seen in fit; defined where every modality is an array.

    Raises
    ------
    TypeError
        If ``X`` is no `Multimodal`, or a transformer cannot transform.
    ValueError
        If names stand twice or are no modality, a modality differs in shape from the one seen in
        fit or is missing in every sample, or no modality is left.

    See Also
    --------
    make_modality_transformer : The same with names as keywords.
    ModalitySelector : Keep some of the modalities.

    Notes
    -----
    *What a transformer receives* is decided by its first leaf, the first step that is no
    pipeline, union or frozen estimator. Classes of scikit-learn and imbalanced-learn, but for
    :class:`~sklearn.preprocessing.FunctionTransformer`, receive the flat matrix of shape
    (n_samples, n_features); all others the array of shape (n_samples, ...), as a plain ndarray.
    Samples that are not arrays yet (recordings) are handed on as they are, to their own steps
    and extractors; what learns from the extracted samples stands in a second
    `ModalityTransformer`.

    *What comes out.* A block that a transformer gives is kept as it is. An array from the n-D
    branch keeps the space of the modality if samples have the same shape. A flat matrix (also
    of a modality that is 2-D by itself) is folded back into the old shape and space only if
    every step is a :class:`~sklearn.base.OneToOneFeatureMixin` or gives out the very feature
    names it received; the number of columns says nothing, since all components of a PCA are as
    many as the features. Any other result has no space, and the names that the transformer
    gives its features.

    *Missing modality.* A transformer sees only the samples that hold its modality, in fit (with
    the target and all sample-aligned metadata) as in transform; the others stay missing. A
    branch with an imputer of :mod:`sklearn.impute` in it sees all samples, and fills them.

    *Metadata* such as ``sample_weight`` or ``groups`` reaches the transformers that request it
    if ``sklearn.set_config(enable_metadata_routing=True)``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn_neurofuse import Multimodal
    >>> from sklearn_neurofuse.compose import ModalityTransformer
    >>> rng = np.random.default_rng(0)
    >>> X = Multimodal(fmri=rng.normal(size=(20, 4, 4, 3)), eeg=rng.normal(size=(20, 6, 50)))
    >>> transformer = ModalityTransformer([("fmri", PCA(5)), ("eeg", StandardScaler())])
    >>> Xt = transformer.fit_transform(X)
    >>> Xt["fmri"].shape, Xt["eeg"].shape
    ((20, 5), (20, 6, 50))
    >>> transformer.get_feature_names_out()[:2].tolist()
    ['fmri__pca0', 'fmri__pca1']
    """

    def __init__(self, transformers, *, remainder="passthrough", n_jobs=None, verbose=False):
        self.transformers = transformers
        self.remainder = remainder
        self.n_jobs = n_jobs
        self.verbose = verbose

    def get_params(self, deep=True):
        """Get the parameters, those of the transformers by the names of their modalities.

        Parameters
        ----------
        deep : bool, default=True
            Whether to look into the transformers.

        Returns
        -------
        dict
            Names of parameters and their values.
        """
        return self._get_params("transformers", deep=deep)

    def set_params(self, **kwargs):
        """Set parameters, also of the transformers or in place of one of them.

        Parameters
        ----------
        **kwargs : dict
            Names as `get_params` lists them.

        Returns
        -------
        ModalityTransformer
            The estimator itself.
        """
        self._set_params("transformers", **kwargs)
        return self

    def set_output(self, *, transform=None):
        """Do nothing: a `Multimodal` comes out whatever is asked.

        Parameters
        ----------
        transform : str, default=None
            Not used; pipelines pass it to each of their steps.

        Returns
        -------
        ModalityTransformer
            The estimator itself.
        """
        return self

    @property
    def named_transformers_(self):
        """The fitted transformers by the names of their modalities."""
        check_is_fitted(self)
        return Bunch(**dict(self.transformers_))

    @property
    def modalities_out_(self):
        """Names of the modalities that come out, tuple of str."""
        check_is_fitted(self)
        return tuple(self._outputs)

    def fit(self, X, y=None, **params):
        """Fit the transformer of each modality.

        Parameters
        ----------
        X : Multimodal
            The samples.
        y : array-like of shape (n_samples,), default=None
            The target.
        **params : dict
            Metadata for the transformers that request it.

        Returns
        -------
        ModalityTransformer
            The estimator itself.
        """
        # as in ColumnTransformer: what comes out is known only once it has come out
        self.fit_transform(X, y, **params)
        return self

    def fit_transform(self, X, y=None, **params):
        """Fit the transformer of each modality and apply it.

        Parameters
        ----------
        X : Multimodal
            The samples.
        y : array-like of shape (n_samples,), default=None
            The target.
        **params : dict
            Metadata for the transformers that request it.

        Returns
        -------
        Multimodal
            The transformed samples, modalities in the order of ``X``.
        """
        routed = self._route("fit_transform", params)
        self._check_parameters()
        check_multimodal("ModalityTransformer", X)
        given = dict(self.transformers)
        check_names("ModalityTransformer", given, X.modalities)
        plan = {name: given.get(name, self.remainder) for name in X.modalities}
        working = [name for name, transformer in plan.items() if not isinstance(transformer, str)]
        results = Parallel(n_jobs=self.n_jobs)(
            delayed(fit_branch)(
                name, clone(plan[name]), X[name], y, routed[name], self._message(working, name)
            )
            for name in working
        )
        fitted = dict(zip(working, results, strict=True))
        self._store(X, plan, fitted)
        return Multimodal(
            **{name: fitted[name][1] if name in fitted else X[name] for name in self._outputs}
        )

    def transform(self, X, **params):
        """Apply the fitted transformer of each modality.

        Parameters
        ----------
        X : Multimodal
            With the modalities seen in fit; those that are dropped may be absent.
        **params : dict
            Metadata for the transformers that request it.

        Returns
        -------
        Multimodal
            The transformed samples, modalities in the order seen in fit.
        """
        check_is_fitted(self)
        routed = self._route("transform", params)
        check_multimodal("ModalityTransformer", X)
        check_names("ModalityTransformer.transform", X.modalities, self.modalities_in_)
        check_names("ModalityTransformer.transform", self._outputs, X.modalities)
        for name in self._outputs:
            check_samples("ModalityTransformer", name, X[name], self._inputs[name].sample_shape)
        plan = self.named_transformers_
        working = [name for name in self._outputs if not isinstance(plan[name], str)]
        results = Parallel(n_jobs=self.n_jobs)(
            delayed(transform_branch)(name, plan[name], X[name], self._outputs[name], routed[name])
            for name in working
        )
        found = dict(zip(working, results, strict=True))
        return Multimodal(**{name: found.get(name, X[name]) for name in self._outputs})

    def get_feature_names_out(self, input_features=None):
        """Name every flat feature that comes out, ``"eeg__Cz__0.120s"``.

        Parameters
        ----------
        input_features : array-like of str, default=None
            If given, checked against the names of the flat features seen in fit.

        Returns
        -------
        ndarray of str of shape (n_features_out,)
            Name of the modality and of the feature in it.

        Raises
        ------
        ValueError
            If the names given are others, or samples are not arrays yet.
        """
        check_is_fitted(self)
        if input_features is not None:
            self._check_names_in(input_features)
        return np.array(_feature_names(self._outputs), dtype=object)

    def get_metadata_routing(self):
        """Tell which metadata goes to which transformer.

        Returns
        -------
        MetadataRouter
            Requests of the transformers by the names of their modalities.
        """
        router = MetadataRouter(owner=self)
        for name, transformer in self.transformers:
            if isinstance(transformer, str):
                continue
            mapping = MethodMapping().add(caller="transform", callee="transform")
            once = hasattr(transformer, "fit_transform")
            for callee in ["fit_transform"] if once else ["fit", "transform"]:
                mapping.add(caller="fit", callee=callee)
                mapping.add(caller="fit_transform", callee=callee)
            router.add(method_mapping=mapping, **{name: transformer})
        return router

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _sk_visual_block_(self):
        if hasattr(self, "transformers_"):
            pairs = self.transformers_
        else:
            rest = [] if self.remainder == "drop" else [("remainder", self.remainder)]
            pairs = [*self.transformers, *rest]
        names, transformers = zip(*pairs, strict=True)
        return _VisualBlock("parallel", transformers, names=names)

    def _route(self, method, params):
        if params and not sklearn.get_config()["enable_metadata_routing"]:
            raise ValueError(
                f"ModalityTransformer.{method}: {', '.join(params)} can be given only with "
                "sklearn.set_config(enable_metadata_routing=True)"
            )
        return process_routing(self, method, **params)

    def _check_parameters(self):
        check_choice(self, "remainder", self.remainder, ("passthrough", "drop"))
        check_transformers("ModalityTransformer", self.transformers)
        self._validate_names([name for name, _ in self.transformers])

    def _message(self, working, name):
        position = f"({working.index(name) + 1} of {len(working)})"
        return f"{position} fitting {name}" if self.verbose else None

    def _store(self, X, plan, fitted):
        inputs = {name: BranchOutput.of(X[name], True) for name in X.modalities}
        outputs = {
            name: fitted[name][2] if name in fitted else inputs[name]
            for name, transformer in plan.items()
            if name in fitted or transformer == "passthrough"
        }
        if not outputs:
            raise ValueError(
                f"ModalityTransformer: no modality is left, {', '.join(plan)} are all dropped"
            )
        self.transformers_ = [
            (name, fitted[name][0] if name in fitted else word) for name, word in plan.items()
        ]
        self.modalities_in_ = X.modalities
        self._inputs, self._outputs = inputs, outputs
        set_n_features_in(self, X)

    def _check_names_in(self, input_features):
        expected = _feature_names(self._inputs)
        if list(input_features) != expected:
            raise ValueError(
                "ModalityTransformer: input_features must be the names of the "
                f"{len(expected)} features seen in fit, got {len(input_features)} other names"
            )


def _feature_names(described):
    for name, block in described.items():
        if block.sample_shape is None:
            raise ValueError(
                f"ModalityTransformer: modality {name!r} holds samples that are not arrays yet "
                "and have no features to name"
            )
    layout = Layout(
        {name: block.sample_shape for name, block in described.items()},
        {name: block.space for name, block in described.items()},
        {name: block.feature_names for name, block in described.items()},
    )
    return layout.get_feature_names()
