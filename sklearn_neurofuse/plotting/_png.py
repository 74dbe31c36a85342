"""Pictures as bytes, for pages."""

import io

import matplotlib.pyplot as plt


def to_png(drawn, dpi=130):
    """Turn what was drawn into the bytes of a PNG, and close its figure.

    Parameters
    ----------
    drawn : matplotlib.figure.Figure, matplotlib.axes.Axes or nilearn display
        What a function of this room gave.
    dpi : int, default=130
        Resolution.

    Returns
    -------
    bytes
        The picture.
    """
    axes = getattr(drawn, "frame_axes", drawn)
    figure = axes if isinstance(axes, plt.Figure) else axes.figure
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    plt.close(figure)
    return buffer.getvalue()
