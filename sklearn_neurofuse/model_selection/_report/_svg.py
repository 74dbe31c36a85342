"""Plots as SVG text: axes, lines, bands, intervals."""

from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

MINUS = "\N{MINUS SIGN}"
INK, MUTED, GRID = "#1d2733", "#5f6c7b", "#e4e8ee"
BLUE, ORANGE, GREEN, GREY = "#1f5fa8", "#c2571a", "#2f7d4f", "#8b97a5"
_FONT = "font-family='Inter,Segoe UI,Helvetica Neue,Arial,sans-serif'"


@dataclass(frozen=True)
class SvgFigure:
    """A picture as SVG.

    Attributes
    ----------
    title : str
        What it shows.
    svg : str
        The picture.
    note : str
        What is to be known to read it.
    """

    title: str
    svg: str
    note: str = ""

    def _repr_svg_(self):
        return self.svg

    def _repr_html_(self):
        return self.svg

    def save(self, path):
        """Write the picture to a file.

        Parameters
        ----------
        path : path-like
            With the ending ``.svg``.
        """
        Path(path).write_text(self.svg, encoding="utf-8")

    def __repr__(self):
        return f"SvgFigure({self.title!r})"


def number(value):
    """Write a coordinate or a figure briefly.

    Parameters
    ----------
    value : float
        The number.

    Returns
    -------
    str
        With two decimals at most.
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def ticks(low, high, most=6):
    """Choose round numbers between two limits.

    Parameters
    ----------
    low, high : float
        The limits.
    most : int, default=6
        At most so many.

    Returns
    -------
    ndarray
        Rising.
    """
    span = high - low
    power = 10.0 ** np.floor(np.log10(span / most))
    step = next(power * f for f in (1, 2, 2.5, 5, 10, 20) if span / (power * f) <= most)
    first = np.ceil(low / step - 1e-9) * step
    found = np.arange(first, high + step * 1e-6, step)
    return np.where(np.abs(found) < step * 1e-9, 0.0, found)


def label(value, values):
    """Write the label of a tick with as many decimals as all of them need.

    Parameters
    ----------
    value : float
        The tick.
    values : ndarray
        All ticks.

    Returns
    -------
    str
        The label.
    """
    decimals = next((d for d in range(4) if np.allclose(values, np.round(values, d))), 4)
    return f"{value:.{decimals}f}".replace("-", MINUS)


class Canvas:
    """Collects shapes on axes and gives them as SVG.

    Parameters
    ----------
    xlim, ylim : tuple of float
        Limits of the axes.
    width, height : float, default=380, 300
        Size in pixels.
    margins : tuple of float, default=(52, 14, 14, 46)
        Left, right, top and bottom, in pixels.
    """

    def __init__(self, xlim, ylim, *, width=380, height=300, margins=(52, 14, 14, 46)):
        self.xlim = xlim
        self.ylim = ylim
        self.width = width
        self.height = height
        self.margins = margins
        self.parts = []

    def x(self, value):
        """Give the pixel of a value along x."""
        left, right, _, _ = self.margins
        share = (np.asarray(value, float) - self.xlim[0]) / (self.xlim[1] - self.xlim[0])
        return left + share * (self.width - left - right)

    def y(self, value):
        """Give the pixel of a value along y."""
        _, _, top, bottom = self.margins
        share = (np.asarray(value, float) - self.ylim[0]) / (self.ylim[1] - self.ylim[0])
        return self.height - bottom - share * (self.height - top - bottom)

    def axes(self, xlabel, ylabel="", *, y_ticks=True):
        """Draw grid, ticks and labels.

        Parameters
        ----------
        xlabel, ylabel : str
            What stands along the axes.
        y_ticks : bool, default=True
            Whether there are ticks along y.
        """
        left, right, top, bottom = self.margins
        base = self.height - bottom
        values = ticks(*self.xlim)
        for value in values:
            x = number(self.x(value))
            self.parts.append(
                f"<line x1='{x}' x2='{x}' y1='{top}' y2='{number(base)}' stroke='{GRID}'/>"
            )
            self.write(value, None, label(value, values), pixel_y=base + 17, anchor="middle")
        if y_ticks:
            values = ticks(*self.ylim)
            for value in values:
                y = number(self.y(value))
                self.parts.append(
                    f"<line x1='{left}' x2='{self.width - right}' y1='{y}' y2='{y}' "
                    f"stroke='{GRID}'/>"
                )
                self.write(None, value, label(value, values), pixel_x=left - 8, anchor="end",
                           shift=4)  # fmt: skip
        middle = (left + self.width - right) / 2
        self.write(None, None, xlabel, pixel_x=middle, pixel_y=self.height - 8, anchor="middle",
                   color=INK)  # fmt: skip
        if ylabel:
            y = (top + base) / 2
            self.parts.append(
                f"<text transform='translate(14 {number(y)}) rotate(-90)' text-anchor='middle' "
                f"fill='{INK}' font-size='12'>{escape(ylabel)}</text>"
            )

    def line(self, x, y, color=BLUE, *, width=2.0, dash=None):
        """Draw a line through points.

        Parameters
        ----------
        x, y : array-like
            The points.
        color : str, default=BLUE
            Its colour.
        width : float, default=2.0
            In pixels.
        dash : str, default=None
            Pattern of a broken line.
        """
        points = self._points(x, y)
        broken = f" stroke-dasharray='{dash}'" if dash else ""
        self.parts.append(
            f"<polyline points='{points}' fill='none' stroke='{color}' stroke-width='{width}' "
            f"stroke-linejoin='round'{broken}/>"
        )

    def band(self, x, low, high, color=BLUE, opacity=0.16):
        """Fill between two lines.

        Parameters
        ----------
        x, low, high : array-like
            The lines.
        color : str, default=BLUE
            Its colour.
        opacity : float, default=0.16
            How dense it is.
        """
        x, low, high = (np.asarray(values, float) for values in (x, low, high))
        points = self._points(np.concatenate([x, x[::-1]]), np.concatenate([high, low[::-1]]))
        self.parts.append(f"<polygon points='{points}' fill='{color}' fill-opacity='{opacity}'/>")

    def dot(self, x, y, color=BLUE, radius=4.0):
        """Draw a point.

        Parameters
        ----------
        x, y : float
            Where.
        color : str, default=BLUE
            Its colour.
        radius : float, default=4.0
            In pixels.
        """
        self.parts.append(
            f"<circle cx='{number(self.x(x))}' cy='{number(self.y(y))}' r='{radius}' "
            f"fill='{color}' stroke='white' stroke-width='1'/>"
        )

    def write(self, x, y, text, *, pixel_x=None, pixel_y=None, anchor="start", color=MUTED,
              size=12, shift=0, weight=400):  # fmt: skip
        """Write text at values or at pixels.

        Parameters
        ----------
        x, y : float or None
            Values; None where pixels are given.
        text : str
            The text.
        pixel_x, pixel_y : float, default=None
            Pixels.
        anchor : {"start", "middle", "end"}, default="start"
            Which end of the text stands there.
        color : str, default=MUTED
            Its colour.
        size : float, default=12
            In pixels.
        shift : float, default=0
            Pixels downwards.
        weight : int, default=400
            Of the font.
        """
        at_x = self.x(x) if pixel_x is None else pixel_x
        at_y = (self.y(y) if pixel_y is None else pixel_y) + shift
        bold = f" font-weight='{weight}'" if weight != 400 else ""
        self.parts.append(
            f"<text x='{number(at_x)}' y='{number(at_y)}' text-anchor='{anchor}' fill='{color}' "
            f"font-size='{size}'{bold}>{escape(text)}</text>"
        )

    def _points(self, x, y):
        pairs = zip(self.x(x), self.y(y), strict=True)
        return " ".join(f"{number(a)},{number(b)}" for a, b in pairs if np.isfinite(a + b))

    def figure(self, title, note=""):
        """Give what was drawn.

        Parameters
        ----------
        title : str
            What it shows.
        note : str, default=""
            What is to be known to read it.

        Returns
        -------
        SvgFigure
            The picture.
        """
        svg = (
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {self.width} {self.height}' "
            f"width='{self.width}' height='{self.height}' role='img' "
            f"aria-label='{escape(title, quote=True)}' {_FONT}>{''.join(self.parts)}</svg>"
        )
        return SvgFigure(title, svg, note)
