"""Evaluation: splits that keep groups together, baselines that stand beside, intervals."""

from sklearn_neurofuse.model_selection._blocked_split import BlockedSplit
from sklearn_neurofuse.model_selection._bootstrap_632plus import bootstrap_632plus_score
from sklearn_neurofuse.model_selection._bootstrap_split import BootstrapSplit
from sklearn_neurofuse.model_selection._compare import compare
from sklearn_neurofuse.model_selection._comparison import Comparison
from sklearn_neurofuse.model_selection._confound_residualizer import ConfoundResidualizer
from sklearn_neurofuse.model_selection._evaluate import evaluate
from sklearn_neurofuse.model_selection._evaluation import Evaluation
from sklearn_neurofuse.model_selection._leakage import check_leakage
from sklearn_neurofuse.model_selection._repeated_split import RepeatedStratifiedGroupKFold
from sklearn_neurofuse.model_selection._validate import validate

__all__ = [
    "BlockedSplit",
    "BootstrapSplit",
    "Comparison",
    "ConfoundResidualizer",
    "Evaluation",
    "RepeatedStratifiedGroupKFold",
    "bootstrap_632plus_score",
    "check_leakage",
    "compare",
    "evaluate",
    "validate",
]
