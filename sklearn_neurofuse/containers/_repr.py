"""How a Multimodal shows itself."""

from html import escape

import numpy as np


def as_text(blocks):
    """Describe blocks in a few lines.

    Parameters
    ----------
    blocks : dict of str to AbstractBlock
        The modalities.

    Returns
    -------
    str
        One line for the whole and one for each modality.
    """
    width = max(len(name) for name in blocks)
    lines = [_title(blocks)]
    for name, block in blocks.items():
        shape, kind, size, missing = _describe(block)
        parts = [part for part in (shape, kind, size, missing) if part]
        lines.append(f"  {name:<{width}}  {', '.join(parts)}")
    return "\n".join(lines)


def as_html(blocks):
    """Describe blocks as an HTML table.

    Parameters
    ----------
    blocks : dict of str to AbstractBlock
        The modalities.

    Returns
    -------
    str
        HTML.
    """
    head = "".join(f"<th>{c}</th>" for c in ("modality", "shape", "space", "size", "missing"))
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(c)}</td>" for c in (name, *_describe(block))) + "</tr>"
        for name, block in blocks.items()
    )
    return (
        f"<table><caption>{escape(_title(blocks))}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _title(blocks):
    n_samples = len(next(iter(blocks.values())))
    return f"Multimodal of {n_samples} sample{'' if n_samples == 1 else 's'}"


def _describe(block):
    if block.sample_shape is None:
        return repr(block), "", "", _missing(block)
    space = "features" if block.space is None else repr(block.space)
    return f"{block.shape} {block.dtype}", space, _size(block.nbytes), _missing(block)


def _missing(block):
    # a repr must be instant: what was not counted yet is not counted for it
    present = getattr(block, "_present", None)
    n_missing = 0 if present is None else int(np.count_nonzero(~present))
    return f"{n_missing} missing" if n_missing else ""


def _size(nbytes):
    for unit in ("B", "kB", "MB"):
        if nbytes < 1000:
            return f"{nbytes:.3g} {unit}"
        nbytes /= 1000
    return f"{nbytes:.3g} GB"
