"""Run FACETpy on one file, by its documented steps; started with the Python it is installed in.

``python facetpy_peer.py IN_raw.fif OUT_raw.fif`` prints the seconds of CPU that correction took.
"""

import sys
import time

from facet import (
    AASCorrection,
    DownSample,
    FIFExporter,
    Loader,
    Pipeline,
    TriggerDetector,
    UpSample,
)


def main(source, target):
    """Correct one recording with the steps of its quick start."""
    steps = [
        Loader(path=source, preload=True),
        TriggerDetector(regex=r"R128"),
        UpSample(factor=10),
        AASCorrection(window_size=30),
        DownSample(factor=10),
    ]
    start = time.process_time()
    Pipeline([*steps, FIFExporter(path=target, overwrite=True)], name="benchmark").run()
    print(f"seconds {time.process_time() - start}")


if __name__ == "__main__":
    main(*sys.argv[1:])
