"""Let ``python -m sklearn_neurofuse`` be the command ``neurofuse``."""

import sys

from sklearn_neurofuse.cli import main

if __name__ == "__main__":
    sys.exit(main())
