"""Reports as one page of HTML with pictures inside, and nothing to load."""

from sklearn_neurofuse.model_selection._report._more_pictures import (
    comparison_plots,
    evaluation_plots,
)
from sklearn_neurofuse.model_selection._report._pages import comparison_html, evaluation_html

__all__ = ["comparison_html", "comparison_plots", "evaluation_html", "evaluation_plots"]
