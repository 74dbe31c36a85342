"""``neurofuse check``: the quality of every recording, and what could be mistaken for the class."""

import base64
import html
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency

from sklearn_neurofuse.cli._check_pictures import draw, processed, search_lag
from sklearn_neurofuse.cli._recordings import describe_pairs, load_recordings, read_chain, read_once
from sklearn_neurofuse.cli._results import prepare_folder

# from which distance of the peak from the response on clocks may be apart, in s
_FAR, _SURE = (4.0, 6.0), 0.05
_COLOURS = {"green": "#d5ead8", "amber": "#fbe7c0", "red": "#f6cfcb", "": "#ffffff"}
# step, figure, title, unit, from where amber and red begin; a red below amber means less is worse
_RULES = (
    ("GradientArtifactRemover", "residual_at_slices", "left at slice harmonics", "dB", 1.0, 3.0),
    ("GradientArtifactRemover", "residual_at_volumes", "left at volume harmonics", "dB", 3.0, 6.0),
    ("GradientArtifactRemover", "n_volumes_without_marker", "volumes without marker", "", 1, 5),
    ("PulseArtifactRemover", "heart_rate", "heart rate", "per minute", None, None),
    ("PulseArtifactRemover", "inps", "pulse artefact, power before / after", "", 1.5, 1.0),
    ("ChannelInterpolator", "bad_channels", "bad channels", "", 3, 6),
    ("ICAArtifactRemover", "n_removed", "components removed", "", 5, 9),
    ("MotionCorrector", "mean_framewise_displacement", "mean displacement", "mm", 0.3, 0.6),
    ("MotionCorrector", "max_framewise_displacement", "largest displacement", "mm", 2.0, 4.0),
    ("MotionCorrector", "tsnr_after", "tSNR", "", 40.0, 20.0),
    ("TemplateNormalizer", "coverage", "template seen", "", 0.95, 0.85),
    ("TemplateNormalizer", "overlap", "overlap with template", "", 0.9, 0.8),
    ("TrialBetas", "inflation", "largest variance inflation of a trial", "", 5.0, 10.0),
    ("TrialBetas", "n_missing", "trials without estimate", "", 1, 5),
    ("Epocher", "n_missing", "epochs lost", "", 5, 15),
)
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em;"
    "color:#222}table{border-collapse:collapse}td,th{padding:.25em .8em;border-bottom:1px solid "
    "#ddd;text-align:left}img{max-width:100%}h1{font-size:1.5em}h2{font-size:1.2em}"
)


@dataclass(frozen=True)
class Finding:
    """One figure of one recording.

    Parameters
    ----------
    title : str
        What it is.
    value : str
        What was found.
    colour : {"green", "amber", "red", ""}
        How good that is.
    """

    title: str
    value: str
    colour: str


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
    pages = []
    for number, pair in enumerate(data.pairs.itertuples()):
        findings = _clock_findings(pair)
        for name, branch in chain.transformers:
            findings += _step_findings(_quality(name, branch, data, number))
        done = processed(data, chain, number)
        clock = search_lag(done)
        findings += _lag_findings(clock)
        page = _page(pair, findings, draw(done, clock))
        file = f"recording-{number:03d}.html"
        (folder / file).write_text(page, encoding="utf-8")
        pages.append((file, _title(pair), _worst(findings)))
    pitfalls = find_pitfalls(data, X)
    (folder / "index.html").write_text(_index(pages, pitfalls, data), encoding="utf-8")
    colours = pd.Series([colour for *_, colour in pages]).value_counts()
    print(f"{len(pages)} recordings: " + ", ".join(f"{n} {c}" for c, n in colours.items()))
    for text in pitfalls:
        print(f"Warning: {text}")
    print(f"{folder / 'index.html'}")


def _quality(name, branch, data, number):
    """Give the figures of one run's steps; what is missing has none."""
    waiting = branch[:-1].transform(data.X[name])
    return branch.steps[-1][1].quality(waiting).get(number, {})


def judge(value, amber, red):
    """Colour a figure.

    Parameters
    ----------
    value : float
        The figure.
    amber, red : float or None
        From where it is worse; None judges nothing.

    Returns
    -------
    {"green", "amber", "red", ""}
        The colour.
    """
    if amber is None or not np.isfinite(value):
        return ""
    sign = 1 if red > amber else -1
    if sign * value >= sign * red:
        return "red"
    return "amber" if sign * value >= sign * amber else "green"


def _step_findings(quality):
    found = []
    for step, key, title, unit, amber, red in _RULES:
        if key not in quality.get(step, {}):
            continue
        value = quality[step][key]
        if key == "bad_channels":
            told = f"{len(value)}: {', '.join(value)}" if value else "0"
            found.append(Finding(title, told, judge(len(value), amber, red)))
            continue
        number = float(np.max(value)) if isinstance(value, list) else float(value)
        found.append(Finding(title, f"{number:.3g} {unit}".strip(), judge(number, amber, red)))
    return found


def _clock_findings(pair):
    if pd.isna(pair.drift):
        return []
    return [
        Finding("drift of the clocks", f"{pair.drift:+.1f} ppm", judge(abs(pair.drift), 100, 300)),
        Finding(
            "jitter of triggers", f"{1e3 * pair.jitter:.2f} ms", judge(pair.jitter, 1e-3, 3e-3)
        ),
        Finding("lost triggers", f"{pair.n_lost:.0f}", judge(pair.n_lost, 1, 3)),
    ]


def _lag_findings(found):
    """Judge where alpha power and BOLD go together: far from the response, clocks are apart."""
    if found is None:
        return []
    title = "alpha power against BOLD"
    if found.p_value > _SURE:
        return [Finding(title, f"no lag told, p = {found.p_value:.2g}", "")]
    told = f"{found.peak:+.2f} at {found.peak_lag:+g} s, p = {found.p_value:.2g}"
    return [Finding(title, told, judge(abs(found.peak_lag), *_FAR))]


def find_pitfalls(data, X):
    """Look for what goes along with the class and is no signal.

    Parameters
    ----------
    data : Bunch
        From `load_bids`.
    X : Multimodal
        Its arrays.

    Returns
    -------
    list of str
        Sentences; empty where nothing was found.
    """
    found = []
    target = np.asarray(data.target)
    lacking = ~X.present.all(axis=1)
    if lacking.any() and _depends(lacking, target):
        found.append("samples that lack a modality are of one class more often than of the others")
    table = next(data.X[name].table for name in data.X.modalities)
    if "site" in table and table["site"].nunique() > 1 and _depends(table["site"], target):
        found.append("classes are spread unevenly over sites")
    for subject in np.unique(data.groups):
        own = target[data.groups == subject]
        if len(own) > 5 and len(set(own.tolist())) > 1 and np.count_nonzero(np.diff(own)) <= 2:
            found.append(f"labels of sub-{subject} come in blocks: time tells the class")
            break
    one_class = [len(set(target[data.groups == g].tolist())) == 1 for g in np.unique(data.groups)]
    if 0 < sum(one_class) < len(one_class):
        found.append("some subjects have one class only")
    return found


def _depends(one, other):
    counts = pd.crosstab(np.asarray(one), np.asarray(other)).to_numpy()
    return min(counts.shape) > 1 and chi2_contingency(counts).pvalue < 0.01


def _title(pair):
    names = zip(("sub", "ses", "run"), (pair.subject, pair.session, pair.run), strict=True)
    return " ".join(f"{key}-{value}" for key, value in names if value is not None)


def _worst(findings):
    colours = {finding.colour for finding in findings}
    return next((colour for colour in ("red", "amber", "green") if colour in colours), "")


def _page(pair, findings, pictures):
    rows = "".join(
        f'<tr style="background:{_COLOURS[f.colour]}"><td>{html.escape(f.title)}</td>'
        f"<td>{html.escape(f.value)}</td><td>{f.colour}</td></tr>"
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
