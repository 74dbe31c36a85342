"""Results as JSON."""

import json
from dataclasses import asdict, is_dataclass
from pathlib import Path

import numpy as np
import pandas as pd


def to_json(value, path=None):
    """Write results as JSON; what is not a number becomes null.

    Parameters
    ----------
    value : object
        Dicts, lists, data frames, dataclasses and numbers.
    path : path-like, default=None
        File to write.

    Returns
    -------
    str
        The text.
    """
    text = json.dumps(plain(value), indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    if path is not None:
        Path(path).write_text(text, encoding="utf-8")
    return text


def plain(value):
    """Turn results into what JSON knows.

    Parameters
    ----------
    value : object
        Anything of results.

    Returns
    -------
    object
        Dicts, lists, str, numbers, bool and None.
    """
    if isinstance(value, pd.DataFrame):
        return [plain(row) for row in value.to_dict("records")]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int)) else str(value)
