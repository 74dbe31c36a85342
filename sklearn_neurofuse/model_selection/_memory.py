"""How much memory a fit takes."""

import threading
from pathlib import Path

_STATUS = Path("/proc/self/status")
_INTERVAL = 0.002


def peak_memory(action):
    """Run something and watch the resident memory of the process.

    Parameters
    ----------
    action : callable
        Without arguments.

    Returns
    -------
    float
        By how many MB memory grew at the most; NaN where the system does not tell.
    """
    begin = _resident()
    if begin is None:
        action()
        return float("nan")
    peak, done = [begin], threading.Event()

    def watch():
        while not done.wait(_INTERVAL):
            peak[0] = max(peak[0], _resident())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        action()
    finally:
        done.set()
        watcher.join()
    return (max(peak[0], _resident()) - begin) / 1024


def _resident():
    """Read the resident anonymous memory in kB."""
    if not _STATUS.exists():
        return None
    for line in _STATUS.read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    return None
