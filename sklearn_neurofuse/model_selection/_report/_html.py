"""Pieces of a page: tables, figures, statements."""

import base64
from html import escape

import numpy as np
import pandas as pd

from sklearn_neurofuse.model_selection._report._style import CSS
from sklearn_neurofuse.model_selection._report._svg import MINUS, SvgFigure

# what stands in a cell without a value
NOTHING = "\N{EN DASH}"


def page(title, body):
    """Put a page together.

    Parameters
    ----------
    title : str
        Its title.
    body : str
        HTML.

    Returns
    -------
    str
        The page, with nothing to load.
    """
    return (
        "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{CSS}</style></head>\n<body>{body}</body></html>\n"
    )


def section(title, *parts):
    """Put parts under a heading; nothing where all are empty.

    Parameters
    ----------
    title : str
        The heading.
    *parts : str
        HTML.

    Returns
    -------
    str
        HTML.
    """
    body = "".join(parts)
    return f"<h2>{escape(title)}</h2>{body}" if body else ""


def figure(picture):
    """Put a picture with its caption.

    Parameters
    ----------
    picture : SvgFigure
        The picture.

    Returns
    -------
    str
        HTML.
    """
    return (
        f"<figure>{picture.svg}<figcaption><b>{escape(picture.title)}</b>{escape(picture.note)}"
        "</figcaption></figure>"
    )


def side_by_side(*pictures):
    """Put small pictures beside each other.

    Parameters
    ----------
    *pictures : SvgFigure
        The pictures.

    Returns
    -------
    str
        HTML.
    """
    return f"<div class='pair'>{''.join(map(figure, pictures))}</div>" if pictures else ""


def foreign(title, content):
    """Put a picture that came from elsewhere.

    Parameters
    ----------
    title : str
        Its title.
    content : str, bytes or SvgFigure
        SVG or HTML, or the bytes of a PNG.

    Returns
    -------
    str
        HTML.
    """
    if isinstance(content, SvgFigure):
        content = content.svg
    if isinstance(content, bytes):
        if not content.startswith(b"\x89PNG"):
            raise ValueError("to_html: figures given as bytes must be PNG")
        coded = base64.b64encode(content).decode("ascii")
        content = f"<img alt='{escape(title, quote=True)}' src='data:image/png;base64,{coded}'>"
    if not isinstance(content, str):
        raise TypeError(
            f"to_html: figures must be SVG or HTML text or PNG bytes, got {type(content).__name__}"
        )
    # of SVG files only the picture is wanted, not what stands before
    start = content.find("<svg")
    if start > 0 and content.lstrip().startswith(("<?xml", "<!DOCTYPE svg")):
        content = content[start:]
    return f"<figure>{content}<figcaption><b>{escape(title)}</b></figcaption></figure>"


def card(value, text, kind=""):
    """Put one figure in large.

    Parameters
    ----------
    value, text : str
        The figure, and what it is.
    kind : str, default=""
        Class of the style.

    Returns
    -------
    str
        HTML.
    """
    return (
        f"<div class='card {kind.replace(' ', '-')}'><b>{escape(value)}</b>"
        f"<small>{escape(text)}</small></div>"
    )


def said(statements):
    """List statements.

    Parameters
    ----------
    statements : sequence of Statement
        The statements.

    Returns
    -------
    str
        HTML.
    """
    items = [f"<li class='{one.kind}'>{escape(one.text)}</li>" for one in statements]
    return f"<ul class='said'>{''.join(items)}</ul>" if items else ""


def unchecked(statements):
    """List what was not checked.

    Parameters
    ----------
    statements : sequence of Statement
        The statements.

    Returns
    -------
    str
        HTML.
    """
    items = [f"<li>{escape(one.text)}</li>" for one in statements if one.kind == "unchecked"]
    return f"<ul class='unchecked'>{''.join(items)}</ul>" if items else ""


def table(rows, columns=None, verdict=None):
    """Lay out a table.

    Parameters
    ----------
    rows : DataFrame
        The cells; numbers are written with three digits.
    columns : dict of str to str, default=None
        Which columns, and what they are called; None is all.
    verdict : str, default=None
        Column whose words are coloured.

    Returns
    -------
    str
        HTML.
    """
    columns = {name: str(name).replace("_", " ") for name in rows} if columns is None else columns
    numeric = {name: pd.api.types.is_numeric_dtype(rows[name]) for name in columns}
    head = "".join(
        f"<th{' class=n' if numeric[name] else ''}>{escape(title)}</th>"
        for name, title in columns.items()
    )
    lines = []
    for record in rows[list(columns)].to_dict("records"):
        cells = []
        for name, value in record.items():
            kind = " class=n" if numeric[name] else ""
            if name == verdict:
                kind = f" class='{str(value).replace(' ', '-')}'"
            cells.append(f"<td{kind}>{escape(cell(value))}</td>")
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f"<div class='scroll'><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def cell(value):
    """Write a value as it stands in a table.

    Parameters
    ----------
    value : object
        A number, text or a truth value.

    Returns
    -------
    str
        The text.
    """
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (float, np.floating)):
        if np.isnan(value):
            return NOTHING
        if 0 < abs(value) < 0.0005:
            return "<0.001" if value > 0 else f">{MINUS}0.001"
        text = f"{value:.3f}" if abs(value) < 100 else f"{value:.0f}"
        return text.replace("-", MINUS)
    return str(value)


def folded(title, content):
    """Put something away under a title.

    Parameters
    ----------
    title : str
        What is read first.
    content : str
        HTML.

    Returns
    -------
    str
        HTML.
    """
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def facts(values):
    """List facts by name.

    Parameters
    ----------
    values : dict of str to object
        Plain values; those of dicts go into a line of their own.

    Returns
    -------
    str
        HTML.
    """
    rows = [
        f"<tr><td>{escape(name)}</td><td>{escape(told(value))}</td></tr>"
        for name, value in values.items()
        if value not in (None, {}, "")
    ]
    return f"<table><tbody>{''.join(rows)}</tbody></table>"


def told(value):
    """Write a plain value.

    Parameters
    ----------
    value : object
        The value.

    Returns
    -------
    str
        Text.
    """
    if isinstance(value, dict):
        return ", ".join(f"{name}: {told(item)}" for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return " x ".join(map(str, value)) if value else "one number"
    return str(value)
