"""`validate`: score a new set once with a frozen model."""

import numpy as np

from sklearn_neurofuse.model_selection._evaluation import Evaluation
from sklearn_neurofuse.model_selection._independent import (
    assess_set,
    check_copies,
    make_set,
    predict_set,
)
from sklearn_neurofuse.model_selection._lock import (
    data_digest,
    now,
    read_lock,
    read_log,
    read_wishes,
    samples_of,
    write_log,
)
from sklearn_neurofuse.model_selection._prediction_table import prediction_table
from sklearn_neurofuse.model_selection._samples import row_digests
from sklearn_neurofuse.model_selection._sayings import (
    about_few_groups,
    about_result,
    about_unchecked_only,
)
from sklearn_neurofuse.model_selection._settings import describe_data, versions
from sklearn_neurofuse.model_selection._shift import shapes_of
from sklearn_neurofuse.model_selection._statements import (
    Statement,
    about_pseudo_pairs,
    plural,
)

_OWNER = "validate"


def validate(path, X, y, *, groups=None, sites=None, trusted=()):
    """Score a new set with a frozen model, once.

    Nothing is fitted or chosen: model, threshold, metrics and criteria are those that
    ``evaluate(..., lock=path)`` froze. The set is noted beside the lock, and is not scored
    again.

    Parameters
    ----------
    path : path-like
        Folder that `evaluate` wrote. The model in it is no pickle: it is read by skops [3]_, and
        only types of scikit-learn, NumPy and this package are made of it.
    X : Multimodal, Recordings or array-like of length n_samples
        New samples, with the modalities and shapes of the first.
    y : array-like of shape (n_samples,)
        Their classes.
    groups : array-like of shape (n_samples,) or str, default=None
        Who belongs together, as in `evaluate`.
    sites : array-like of shape (n_samples,), default=None
        Site of each sample, for figures of each site; None takes the site of the recordings.
    trusted : sequence of str, default=()
        Full names of further types in the model that may be made, such as
        ``"my_package.MyTransformer"``; only where its source is trusted.

    Returns
    -------
    Evaluation
        Discrimination, calibration, net benefit [1]_, criteria, whole and by site; its report
        has a TRIPOD+AI checklist [2]_.

    Raises
    ------
    FileNotFoundError
        If there is no locked model.
    ValueError
        If lock or model were changed, the model holds types that are not `trusted`, the set was
        scored before, holds samples that the model
        was made with, or differs in modalities, shapes or classes.

    References
    ----------
    .. [1] Vickers, A. J., & Elkin, E. B. (2006). Decision curve analysis: a novel method for
       evaluating prediction models. Medical Decision Making, 26(6), 565-574.
       doi:10.1177/0272989X06295361
    .. [2] Collins, G. S., Moons, K. G. M., Dhiman, P., et al. (2024). TRIPOD+AI statement:
       updated guidance for reporting clinical prediction models that use regression or machine
       learning methods. BMJ, 385, e078378. doi:10.1136/bmj-2023-078378
    .. [3] https://skops.readthedocs.io/en/stable/persistence.html

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_neurofuse.model_selection import evaluate, validate
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 30)
    >>> X, X_new = (rng.normal(size=(60, 3)) + y[:, None] for _ in range(2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "frozen"
    ...     _ = evaluate(LogisticRegression(), X, y, cv=4, random_state=0, lock=path)
    ...     validate(path, X_new, y)
    Evaluation: balanced accuracy 0.74 [0.63, 0.84], clinical criteria undecided
    """
    model, content = read_lock(_OWNER, path, trusted)
    classes = np.array(content["classes"])
    independent = make_set(_OWNER, X, y, groups, classes, sites)
    _check_shapes(independent.X, content)
    check_copies(_OWNER, samples_of(content), row_digests(independent.X))
    log = read_log(_OWNER, path)
    digest = data_digest(independent.X, independent.design)
    for entry in log:
        if entry["data_sha256"] == digest:
            raise ValueError(
                f"{_OWNER}: this set was scored on {entry['date']}, with {entry['result']}; a "
                "frozen model is scored once on each set"
            )
    wishes = read_wishes(content)
    made = predict_set(model, independent, content["threshold"])
    whole, sites = assess_set(made, independent, wishes)
    evaluation = Evaluation(
        None,
        test=whole,
        sites=sites,
        statements=_say(whole, independent, content, len(log)),
        settings=_settings(independent, content, digest, wishes.random_state),
        predictions=prediction_table({"model": made}, independent.design),
        model=model,
    )
    entry = {"data_sha256": digest, "date": now(), "n_samples": len(made.predicted)}
    write_log(path, [*log, entry | {"result": repr(evaluation)}])
    return evaluation


def _check_shapes(X, content):
    known = content["development"]["modalities"]
    given = shapes_of(X)
    arrays = {name: shape for name, shape in known.items() if not isinstance(shape, str)}
    if known.keys() != given.keys():
        raise ValueError(f"{_OWNER}: X must have the modalities {list(known)}, got {list(given)}")
    for name, shape in arrays.items():
        if given[name] != shape:
            raise ValueError(
                f"{_OWNER}: X must have samples of shape {shape} in {name}, got {given[name]}"
            )


def _say(whole, independent, content, n_before):
    design = independent.design
    who = "sample" if design.noun == "sample" else design.noun
    said = [
        Statement(
            "estimand",
            f"The figures estimate how this one frozen model does on a new {who} like those of "
            "this set.",
        ),
        *about_pseudo_pairs(design),
        *about_result(whole, design),
    ]
    said += about_few_groups(design)
    if n_before:
        said.append(
            Statement(
                "warning",
                f"This model was scored on {plural(n_before, 'set')} before; where the best was "
                "to be reported, these figures are too good.",
            )
        )
    said += _about_versions(content["versions"], versions())
    if whole.calibration is None:
        said += about_unchecked_only("probabilities")
    said.append(
        Statement(
            "unchecked",
            "Whether people of this set were in the development under another name, and whether "
            "labels are right.",
        )
    )
    return tuple(said)


def _about_versions(then, now_):
    changed = [f"{name} {now_.get(name)} (was {old})" for name, old in then.items()
               if now_.get(name) != old]  # fmt: skip
    if not changed:
        return []
    return [Statement("warning", f"Versions differ from those of the lock: {', '.join(changed)}.")]


def _settings(independent, content, digest, seed):
    shown = {name: value for name, value in content.items() if name != "samples"}
    return {
        "seed": seed,
        "data": describe_data(independent.design, independent.X),
        "data_sha256": digest,
        "lock": shown,
        "versions": versions(),
    }
