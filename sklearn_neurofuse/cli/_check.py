"""``neurofuse check``: the quality of every recording, and what could be mistaken for the class."""

import base64
import html

import numpy as np
import pandas as pd

from sklearn_neurofuse.cli._check_findings import (
    clock_findings,
    kept_findings,
    step_findings,
)
from sklearn_neurofuse.cli._check_lag import lag_findings, search_lag
from sklearn_neurofuse.cli._check_pictures import draw, processed
from sklearn_neurofuse.cli._check_pitfalls import find_pitfalls, movement_of
from sklearn_neurofuse.cli._recordings import describe_pairs, load_recordings, read_chain, read_once
from sklearn_neurofuse.cli._results import prepare_folder

_COLOURS = {"green": "#d5ead8", "amber": "#fbe7c0", "red": "#f6cfcb", "": "#ffffff"}
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;"
    "color:#222}table{border-collapse:collapse}td,th{padding:.25em .8em;border-bottom:1px solid "
    "#ddd;text-align:left}img{max-width:100%}h1{font-size:1.5em}h2{font-size:1.2em}"
)


def run(args):
    """Clean every recording and write one page for each, and one that leads to them.

    Parameters
    ----------
    args : argparse.Namespace
        The parsed arguments.

    Raises
    ------
    FileExistsError
        If there are older pages.
    ValueError
        If the data are no BIDS dataset.
    """
    folder = prepare_folder(args.out, ("index.html",), args.overwrite)
    data = load_recordings(args)
    chain, _ = read_chain(args, data.X)
    X = read_once(chain, data.X)
    pages, movement = [], np.full(len(data.target), np.nan)
    for number, pair in enumerate(data.pairs.itertuples()):
        done = processed(data, chain, number)
        clock = search_lag(done, len(data.pairs))
        findings = _find(data, X, chain, number)
        findings += lag_findings(clock, len(data.pairs))
        _note_movement(movement, data, done, number)
        page = _page(pair, findings, draw(done, clock))
        file = f"recording-{number:03d}.html"
        (folder / file).write_text(page, encoding="utf-8")
        pages.append((file, _title(pair), _worst(findings)))
    pitfalls = find_pitfalls(data, X, movement)
    (folder / "index.html").write_text(_index(pages, pitfalls, data), encoding="utf-8")
    colours = pd.Series([colour for *_, colour in pages]).value_counts()
    print(f"{len(pages)} recordings: " + ", ".join(f"{n} {c}" for c, n in colours.items()))
    for text in pitfalls:
        print(f"Warning: {text}")
    print(f"{folder / 'index.html'}")


def _find(data, X, chain, number):
    """Judge clocks, steps, and what is left of one recording."""
    findings = clock_findings(data.pairs.iloc[number])
    for name, branch in chain.transformers:
        findings += step_findings(_quality(name, branch, data, number))
    own = data.X[data.X.modalities[0]].recording == number
    kept = X.present.all(axis=1)[own]
    return findings + kept_findings(kept, np.asarray(data.target)[own], data.target_names)


def _note_movement(movement, data, done, number):
    """Note for the samples of one recording how far the head moved."""
    if "fmri" not in done:
        return
    block = data.X["fmri"]
    rows = np.flatnonzero(block.recording == number)
    onsets = np.full(len(rows), np.nan)
    if "onset" in block.table:
        onsets = block.table["onset"].to_numpy(dtype=float)[rows]
    movement[rows] = movement_of(done["fmri"][1], onsets)


def _quality(name, branch, data, number):
    """Give the figures of one run's steps; what is missing has none."""
    waiting = branch[:-1].transform(data.X[name])
    return branch.steps[-1][1].quality(waiting).get(number, {})


def _title(pair):
    names = zip(("sub", "ses", "run"), (pair.subject, pair.session, pair.run), strict=True)
    return " ".join(f"{key}-{value}" for key, value in names if value is not None)


def _worst(findings):
    colours = {finding.colour for finding in findings}
    return next((colour for colour in ("red", "amber", "green") if colour in colours), "")


def _page(pair, findings, pictures):
    rows = "".join(
        f'<tr style="background:{_COLOURS[f.colour]}"><td>{html.escape(f.title)}</td>'
        f"<td>{html.escape(f.value)}</td><td>{f.colour}</td><td>{html.escape(f.reason)}</td></tr>"
        for f in findings
    )
    notes = f"<p>{html.escape(pair.notes)}</p>" if pair.notes else ""
    pictures = "".join(
        f"<h2>{html.escape(title)}</h2><img alt='{html.escape(title)}' "
        f"src='data:image/png;base64,{base64.b64encode(png).decode()}'>"
        for title, png in pictures
    )
    return _document(_title(pair), f"{notes}<table>{rows}</table>{pictures}")


def _index(pages, pitfalls, data):
    told = "".join(f"<p>{html.escape(line)}</p>" for line in describe_pairs(data))
    warned = "".join(f"<li>{html.escape(text)}</li>" for text in pitfalls)
    warned = f"<h2>What could be mistaken for the class</h2><ul>{warned}</ul>" if warned else ""
    rows = "".join(
        f'<tr style="background:{_COLOURS[colour]}"><td><a href="{file}">{html.escape(title)}</a>'
        f"</td><td>{colour}</td></tr>"
        for file, title, colour in pages
    )
    return _document("Quality of the recordings", f"{told}{warned}<table>{rows}</table>")


def _document(title, body):
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{html.escape(title)}</title>"
        f"<style>{_STYLE}</style><h1>{html.escape(title)}</h1>{body}</html>\n"
    )
