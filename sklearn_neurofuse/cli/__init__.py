"""The command ``neurofuse``."""

from sklearn_neurofuse.cli._main import main

__all__ = ["main"]
