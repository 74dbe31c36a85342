"""How much memory a process allocates."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_STATUS = Path("/proc/self/status")


@dataclass
class Peak:
    """The highest resident anonymous memory above the beginning, in bytes."""

    bytes: int = 0


def anonymous_bytes():
    """Read the resident anonymous memory of this process, without pages of mapped files."""
    for line in _STATUS.read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"{_STATUS} tells no RssAnon; this needs Linux 4.5 or later")


@contextmanager
def peak_anonymous(interval=0.003):
    """Watch the process while a block runs, every few milliseconds.

    Parameters
    ----------
    interval : float, default=0.003
        Time between two looks, in s.

    Yields
    ------
    Peak
        Filled when the block ends.
    """
    peak, begin, done = Peak(), anonymous_bytes(), threading.Event()

    def watch():
        while not done.wait(interval):
            peak.bytes = max(peak.bytes, anonymous_bytes() - begin)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()
        peak.bytes = max(peak.bytes, anonymous_bytes() - begin)
