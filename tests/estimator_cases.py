"""The public estimators, each with data it is for.

Each room lists its own in ``tests/<room>/cases.py``: `CASES`, those that take modalities or
recordings, which go through `tests/contract.py`, and `TWO_DIMENSIONAL`, instances of those that
take a plain matrix, which go through scikit-learn's own checks. An estimator may stand in both,
and every public one has to stand in one.
"""

from importlib import import_module
from pathlib import Path

_FOLDER = Path(__file__).parent
_MODULES = [
    import_module(f"{__package__}.{path.parent.name}.{path.stem}")
    for path in sorted(_FOLDER.glob("*/cases.py"))
]

CASES = [case for module in _MODULES for case in getattr(module, "CASES", ())]
TWO_DIMENSIONAL = [
    estimator for module in _MODULES for estimator in getattr(module, "TWO_DIMENSIONAL", ())
]
