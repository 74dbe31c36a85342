"""Checks that steps of this room share."""


def check_bold(step, kind):
    """Raise TypeError unless recordings are BOLD runs.

    For steps whose parameter ``kind`` stands where others declare what they take.

    Parameters
    ----------
    step : RecordingTransformer or SampleExtractor
        The step, for the message.
    kind : {"bold", "eeg"}
        What the recordings are.
    """
    if kind != "bold":
        raise TypeError(f"{type(step).__name__}: X must hold bold recordings, got {kind}")
