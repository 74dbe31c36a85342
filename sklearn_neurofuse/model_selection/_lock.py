"""A frozen model: written with hashes, and scored once on each new set."""

import hashlib
import json
import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from sklearn_neurofuse.model_selection._assessment import Wishes
from sklearn_neurofuse.model_selection._figures import check_scoring
from sklearn_neurofuse.model_selection._json import to_json
from sklearn_neurofuse.model_selection._model_file import (
    read_model,
    warn_of_versions,
    write_model,
)
from sklearn_neurofuse.model_selection._samples import plain, row_digests
from sklearn_neurofuse.model_selection._settings import describe_data, versions

_MODEL, _LOCK, _LOG = "model.skops", "lock.json", "validations.json"
_FORMAT = 2


def check_free(owner, path):
    """Refuse a place where something is.

    Parameters
    ----------
    owner : str
        Who asks, for messages.
    path : path-like or None
        Where a lock shall be written.
    """
    if path is not None and Path(path).exists():
        raise FileExistsError(
            f"{owner}: there is something at lock={str(path)!r}; a lock is never overwritten"
        )


def write_lock(path, model, task, design, wishes):
    """Freeze a model with its threshold and criteria.

    Parameters
    ----------
    path : path-like
        New folder; it appears when all is written.
    model : estimator
        Fitted.
    task : Task
        What it was made of.
    design : Design
        Labels and groups.
    wishes : Wishes
        Metrics and criteria.

    Returns
    -------
    dict
        What stands in the lock, but for digests of samples.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    threshold = task.threshold
    # what searched is not needed any more
    model = getattr(model, "best_estimator_", model)
    if hasattr(model, "best_threshold_"):
        # what tuned it is not needed any more
        model, threshold = model.estimator_, model.best_threshold_
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        write_model("evaluate", draft / _MODEL, model)
        content = {
            "format": _FORMAT,
            "model": type(model).__name__,
            "model_sha256": sha256(draft / _MODEL),
            "created": now(),
            "classes": [plain(label) for label in design.classes],
            "threshold": None if threshold is None else float(threshold),
            "criteria": wishes.criteria,
            "scoring": [name for name, metric in wishes.scoring.items() if not callable(metric)],
            "prevalence": wishes.prevalence,
            "seed": wishes.random_state,
            "development": describe_data(design, task.X),
            "versions": versions(),
        }
        digests = {name: values.tolist() for name, values in row_digests(task.X).items()}
        write_signed(draft / _LOCK, content | {"samples": digests})
        os.replace(draft, path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return content


def read_lock(owner, path, trusted=()):
    """Read a frozen model and see that nothing was changed.

    Parameters
    ----------
    owner : str
        Who asks, for messages.
    path : path-like
        The folder.
    trusted : sequence of str, default=()
        As in `read_model`.

    Returns
    -------
    model : estimator
        Fitted.
    content : dict
        What stands in the lock.
    """
    path = Path(path)
    if not (path / _LOCK).is_file() or not (path / _MODEL).is_file():
        raise FileNotFoundError(
            f"{owner}: {path} is no locked model; evaluate(..., lock=PATH), or neurofuse evaluate"
            " --lock PATH, writes one"
        )
    content = read_signed(owner, path / _LOCK)
    if content["format"] != _FORMAT:
        raise ValueError(f"{owner}: {path} has format {content['format']}, known is {_FORMAT}")
    if sha256(path / _MODEL) != content["model_sha256"]:
        raise ValueError(f"{owner}: {path / _MODEL} is not the model that was locked")
    warn_of_versions(owner, content["versions"], versions())
    return read_model(owner, path / _MODEL, trusted), content


def read_wishes(content):
    """Take from a lock what is to be judged.

    Parameters
    ----------
    content : dict
        What stands in the lock.

    Returns
    -------
    Wishes
        Metrics, criteria and seed.
    """
    scoring = check_scoring("validate", content["scoring"] or None)
    return Wishes(scoring, content["prevalence"], content["criteria"], content["seed"])


def read_log(owner, path):
    """List the sets that a locked model was scored on.

    Parameters
    ----------
    owner : str
        Who asks, for messages.
    path : path-like
        The folder.

    Returns
    -------
    list of dict
        One for each, the first first.
    """
    log = Path(path) / _LOG
    return read_signed(owner, log)["validations"] if log.exists() else []


def write_log(path, entries):
    """Write the list of sets that a locked model was scored on.

    Parameters
    ----------
    path : path-like
        The folder.
    entries : list of dict
        All of them.
    """
    write_signed(Path(path) / _LOG, {"validations": entries})


def write_signed(path, content):
    """Write JSON with a hash of itself, all or nothing.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    content : dict
        Plain values.
    """
    text = to_json({"sha256": _digest(content), "content": content})
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, path)


def read_signed(owner, path):
    """Read what `write_signed` wrote.

    Parameters
    ----------
    owner : str
        Who asks, for messages.
    path : pathlib.Path
        The file.

    Returns
    -------
    dict
        The content.
    """
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
        content, signature = whole["content"], whole["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{owner}: {path} is damaged") from error
    if _digest(content) != signature:
        raise ValueError(f"{owner}: {path} was changed after it was written")
    return content


def _digest(content):
    return hashlib.sha256(to_json(content).encode()).hexdigest()


def sha256(path):
    """Hash a file.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    str
        Hexadecimal.
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def data_digest(X, design):
    """Hash samples and labels, so that the same set is known again.

    Parameters
    ----------
    X : object
        The samples.
    design : Design
        Labels.

    Returns
    -------
    str
        Hexadecimal; the same whatever the order of the samples is.
    """
    digests = row_digests(X)
    rows = [*digests.values(), design.labels.astype(str), design.groups.astype(str)]
    lines = sorted("|".join(map(str, row)) for row in zip(*rows, strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def now():
    """Tell the time, to the second, in UTC.

    Returns
    -------
    str
        As ISO 8601.
    """
    return datetime.now(UTC).isoformat(timespec="seconds")


def samples_of(content):
    """Give the digests of the samples of the development.

    Parameters
    ----------
    content : dict
        What stands in the lock.

    Returns
    -------
    dict of str to ndarray of str
        By modality.
    """
    return {name: np.array(values) for name, values in content["samples"].items()}
