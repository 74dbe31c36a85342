"""A Sphinx extension: the tables of the page on validation, from what benchmarks have written."""

import ast
import csv
import io
import json
import re
from pathlib import Path

_HERE = Path(__file__).parent
RESULTS = _HERE / "validation"
MODULES = _HERE.parent / "benchmarks"
PAGE = "validation"
MARK = ".. benchmark-tables"


def first_paragraph(path):
    """Read the title of a module's docstring and the paragraph below it."""
    title, *paragraphs = ast.get_docstring(ast.parse(path.read_text("utf-8"))).split("\n\n")
    return " ".join([title, *paragraphs[:1]]).replace("\n", " ")


def as_cell(text):
    """Round a number to four digits; keep words from being taken for markup."""
    try:
        text = f"{float(text):.4g}"
    except ValueError:
        text = re.sub(r"([\\`*_|])", r"\\\1", text)
    return re.sub(r"^(?=[-+.#:>=~])", r"\\", text)


def as_table(path):
    """Write a CSV file as a ``csv-table``."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [[as_cell(cell) for cell in row] for row in csv.reader(file)]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    lines = [f"    {line}" for line in text.getvalue().splitlines()]
    return "\n".join([".. csv-table::", "    :header-rows: 1", "", *lines])


def as_circumstances(path):
    """Say when and on what a benchmark was run."""
    if not path.exists():
        return "When and on what it was measured was not written down."
    facts = json.loads(path.read_text("utf-8"))
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    size = "In its smallest size, which only shows that it runs. " if facts["smoke"] else ""
    threads = facts["threads"]
    limit = rf", OMP\_NUM\_THREADS={threads}" if threads else ""
    return (
        f"{size}Measured on {facts['date']}: {facts['system']}, {facts['processors']} processors "
        f"({facts['processor']}){limit}; {versions}."
    )


def as_section(module, results):
    """Write the section of one benchmark."""
    name = module.stem.removeprefix("bench_")
    table = results / f"{name}.csv"
    parts = [f"{name}\n{'-' * len(name)}", first_paragraph(module)]
    if table.exists():
        parts += [as_table(table), as_circumstances(results / f"{name}.json")]
    else:
        parts += ["Not measured here."]
    return "\n\n".join(parts)


def as_sections(modules=MODULES, results=RESULTS):
    """Write the sections of all benchmarks in the order of their names."""
    return "\n\n".join(as_section(path, results) for path in sorted(modules.glob("bench_*.py")))


def fill_in(app, docname, source):
    """Put the tables in the place of the mark."""
    if docname == PAGE:
        source[0] = source[0].replace(MARK, as_sections(results=Path(app.config.benchmark_results)))


def read_again(app, env, added, changed, removed):
    """Read the page anew in every build: the results are no documents that Sphinx watches."""
    return [PAGE]


def setup(app):
    """Connect the functions above."""
    app.add_config_value("benchmark_results", str(RESULTS), "env", (str,))
    app.connect("source-read", fill_in)
    app.connect("env-get-outdated", read_again)
    return {"parallel_read_safe": True}
