"""What is evaluated: labels, who belongs together, splits, and the unit that is judged."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.utils.multiclass import type_of_target

from sklearn_neurofuse._validation import check_choice, nearest
from sklearn_neurofuse.datasets._pairing import PSEUDO_PAIR, PseudoPairs
from sklearn_neurofuse.model_selection._blocked_split import BlockedSplit
from sklearn_neurofuse.model_selection._leakage import checked_splits, columns_of
from sklearn_neurofuse.model_selection._repeated_split import RepeatedStratifiedGroupKFold
from sklearn_neurofuse.model_selection._samples import plain, recordings_of, sample_tables

# folds and repeats where nothing else is asked for
_FOLDS, _REPEATS = 5, 10
# below so many groups intervals over groups say little
FEW_GROUPS = 8


@dataclass(frozen=True, eq=False)
class Design:
    """Everything about an evaluation but the models.

    Attributes
    ----------
    y : ndarray of int of shape (n_samples,)
        Positions in `classes`.
    classes : ndarray of shape (n_classes,)
        Labels; of two the positive one is the last.
    groups : ndarray of shape (n_samples,)
        Who belongs together.
    noun : str
        What a group is, in the singular.
    splits : list of (ndarray of int, ndarray of int)
        Training and test samples.
    column : ndarray of int of shape (n_splits,)
        The repeat that each split belongs to.
    per_group : bool
        Whether groups are judged, since labels are constant in them and they have several
        samples.
    title : str
        The splits in words.
    pseudo : bool, default=False
        Whether the modalities of a sample are of different people.
    """

    y: np.ndarray
    classes: np.ndarray
    groups: np.ndarray
    noun: str
    splits: list
    column: np.ndarray
    per_group: bool
    title: str
    pseudo: bool = False

    @property
    def n_groups(self):
        """Number of groups."""
        return len(np.unique(self.groups))

    @property
    def n_repeats(self):
        """Number of repeats."""
        return int(self.column.max()) + 1

    @property
    def labels(self):
        """Labels as they were given, ndarray of shape (n_samples,)."""
        return self.classes[self.y]

    @property
    def is_binary(self):
        """Whether there are two classes."""
        return len(self.classes) == 2

    @property
    def constant(self):
        """Whether each group has one label only."""
        return constant_within(self.y, self.groups)

    @property
    def unit_first(self):
        """First sample of each unit that is judged, ndarray of int."""
        if not self.per_group:
            return np.arange(len(self.y))
        return np.unique(self.groups, return_index=True)[1]

    @property
    def unit(self):
        """The unit of each sample, ndarray of int of shape (n_samples,)."""
        if not self.per_group:
            return np.arange(len(self.y))
        return np.unique(self.groups, return_inverse=True)[1]

    @property
    def unit_y(self):
        """Class of each unit, ndarray of int."""
        return self.y[self.unit_first]

    @property
    def unit_groups(self):
        """Group of each unit, ndarray."""
        return self.groups[self.unit_first]

    @property
    def stratify(self):
        """Strata of the bootstrap: classes where groups have one each, else None."""
        return self.unit_y if self.constant else None

    def first_repeat(self):
        """Give the same with the splits of the first repeat only.

        Returns
        -------
        Design
            The design.
        """
        first = np.flatnonzero(self.column == 0)
        splits = [self.splits[i] for i in first]
        return replace(self, splits=splits, column=self.column[first])


def make_design(owner, X, y, *, groups, cv, pos_label, random_state):
    """Read labels and groups, make the splits, and refuse what would mislead.

    Parameters
    ----------
    owner : str
        Who asks, for messages.
    X : Multimodal, Recordings or array-like of length n_samples
        The samples.
    y : array-like of shape (n_samples,)
        Labels.
    groups : array-like, str or None
        Who belongs together; a column of the samples' table by name; or what X knows.
    cv : "auto", int, splitter or iterable
        How to split.
    pos_label : label or None
        The positive class.
    random_state : int, RandomState instance or None
        Draws the folds.

    Returns
    -------
    Design
        The design.
    """
    y, classes = read_labels(owner, X, y, pos_label)
    groups, noun = read_groups(owner, X, groups, len(y))
    cv, title = _read_cv(owner, cv, y, classes, groups, noun, random_state)
    splits = checked_splits(owner, cv, X, y, groups)
    _check_classes(owner, y, classes, splits)
    column = columns_of(splits, len(y))
    if isinstance(cv, BlockedSplit) and len(np.unique(groups)) == 1:
        groups, noun = _blocks(splits, len(y)), "block of trials"
    counts = np.unique(groups, return_counts=True)[1]
    per_group = bool(constant_within(y, groups) and counts.max() > 1 and "block" not in noun)
    pseudo = is_pseudo(X, noun)
    return Design(y, classes, groups, noun, splits, column, per_group, title, pseudo)


def is_pseudo(X, noun):
    """Say whether the modalities of a sample are of different people.

    Parameters
    ----------
    X : object
        The samples.
    noun : str
        What a group is, from `read_groups`.

    Returns
    -------
    bool
        True for what `pair_by_label` gave, and under groups that it made.
    """
    paired = isinstance(X, PseudoPairs) and len(X.modalities) > 1
    return paired or noun == PSEUDO_PAIR


def read_labels(owner, X, y, pos_label=None, classes=None):
    """Turn labels into positions among the classes, the positive one last.

    Parameters
    ----------
    owner : str
        Who asks.
    X : object of length n_samples
        The samples.
    y : array-like of shape (n_samples,)
        Labels.
    pos_label : label, default=None
        The positive class; None is the last in order.
    classes : ndarray, default=None
        The classes of earlier labels, in the order wanted; none other may occur.

    Returns
    -------
    codes : ndarray of int of shape (n_samples,)
        Positions.
    classes : ndarray
        The classes.
    """
    y = np.asarray(y)
    if y.ndim != 1 or len(y) != len(X):
        raise ValueError(
            f"{owner}: y must have one label for each of the {len(X)} samples, got shape {y.shape}"
        )
    kind = type_of_target(y, input_name="y")
    if kind not in ("binary", "multiclass"):
        raise ValueError(f"{owner}: y must hold classes, got {kind} values")
    found = np.unique(y)
    if classes is not None:
        strange = np.setdiff1d(found, classes)
        if len(strange):
            raise ValueError(f"{owner}: y holds {strange.tolist()}, none of {classes.tolist()}")
    elif len(found) < 2:
        raise ValueError(f"{owner}: y must hold two classes or more, got {found.tolist()}")
    else:
        classes = found
        if pos_label is not None:
            if pos_label not in found:
                raise ValueError(
                    f"{owner}: pos_label must be one of {found.tolist()}, got {pos_label!r}"
                )
            classes = np.append(found[found != pos_label], found[found == pos_label])
    order = np.argsort(classes)
    return order[np.searchsorted(classes, y, sorter=order)], classes


def read_groups(owner, X, groups, n_samples):
    """Say who belongs together, and what a group is called.

    Parameters
    ----------
    owner : str
        Who asks.
    X : object
        The samples.
    groups : array-like of shape (n_samples,), str or None
        Given groups; the name of a column of the samples' table; or what X knows.
    n_samples : int
        Number of samples.

    Returns
    -------
    groups : ndarray of shape (n_samples,)
        The groups.
    noun : str
        What a group is.
    """
    tables = sample_tables(X)
    if isinstance(groups, str):
        if not tables:
            raise ValueError(
                f"{owner}: groups={groups!r} names a column of the recordings' table, but X holds "
                "no recordings; give one value for each sample"
            )
        table = next(iter(tables.values()))
        if groups not in table:
            hint = nearest(groups, table.columns)
            raise ValueError(f"{owner}: groups={groups!r} is no column of the recordings{hint}")
        return table[groups].astype(str).to_numpy(dtype=str), groups
    if groups is None:
        return _default_groups(X, n_samples)
    values = np.asarray(groups)
    noun = _noun_of(groups, values)
    if values.ndim != 1 or len(values) != n_samples:
        raise ValueError(
            f"{owner}: groups must have one value for each of the {n_samples} samples, got shape "
            f"{values.shape}"
        )
    if pd.isna(values).any():
        raise ValueError(f"{owner}: groups must be known for every sample, got missing values")
    values = values.astype(str) if values.dtype == object else values
    return values, str(noun)


def _noun_of(groups, values):
    if len(values) and all(str(value).startswith(PSEUDO_PAIR) for value in values.flat):
        return PSEUDO_PAIR
    return groups.name if isinstance(groups, pd.Series) and groups.name else "person"


def _default_groups(X, n_samples):
    for block in recordings_of(X).values():
        subjects = {source.subject for source in block.sources}
        return block.groups, "person" if len(subjects) > 1 else "run"
    return np.arange(n_samples), "sample"


def _read_cv(owner, cv, y, classes, groups, noun, random_state):
    n_groups = len(np.unique(groups))
    if isinstance(cv, BlockedSplit):
        return cv, f"{cv.n_splits} blocks of consecutive trials, {cv.gap:g} s apart"
    if n_groups == 1:
        raise ValueError(
            f"{owner}: all samples belong to one {noun}, so nothing independent can be held out; "
            "give cv=BlockedSplit(gap=20) to judge later trials of the same recording"
        )
    if isinstance(cv, str):
        check_choice(owner, "cv", cv, ("auto",))
    automatic = isinstance(cv, str)
    if not automatic and not (isinstance(cv, int) and not isinstance(cv, bool)):
        return cv, _title(cv)
    n_folds = _FOLDS if automatic else cv
    fewest, scarce = _fewest_groups(y, groups)
    if fewest < 2:
        raise ValueError(
            f"{owner}: class {plain(classes[scarce])!r} occurs in one {noun} only, so grouped "
            f"stratification is impossible: at least two {noun}s of each class are needed"
        )
    if automatic:
        n_folds = min(n_folds, fewest)
    elif n_folds > fewest:
        raise ValueError(
            f"{owner}: {n_folds} folds need as many {noun}s of each class, but class "
            f"{plain(classes[scarce])!r} has {fewest}"
        )
    repeated = RepeatedStratifiedGroupKFold(n_folds, n_repeats=_REPEATS, random_state=random_state)
    return repeated, _title(repeated)


def _fewest_groups(y, groups):
    counts = [len(np.unique(groups[y == label])) for label in range(y.max() + 1)]
    return min(counts), int(np.argmin(counts))


def _title(cv):
    if isinstance(cv, RepeatedStratifiedGroupKFold):
        return f"{cv.n_repeats} x {cv.n_splits}-fold cross-validation, stratified by class"
    if hasattr(cv, "split"):
        return " ".join(repr(cv).split())
    return "given splits"


def _check_classes(owner, y, classes, splits):
    for number, (train, _) in enumerate(splits):
        missing = np.setdiff1d(np.arange(len(classes)), y[train])
        if len(missing):
            raise ValueError(
                f"{owner}: the training set of split {number} has no sample of class "
                f"{plain(classes[missing[0]])!r}; take fewer folds or a stratified splitter"
            )


def _blocks(splits, n_samples):
    block = np.zeros(n_samples, int)
    for number, (_, test) in enumerate(splits):
        block[test] = number
    return block


def constant_within(values, groups):
    """Say whether values are constant within groups.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Any values.
    groups : ndarray of shape (n_samples,)
        Groups.

    Returns
    -------
    bool
        Whether they are.
    """
    return bool((pd.Series(values).groupby(np.asarray(groups)).nunique() <= 1).all())
