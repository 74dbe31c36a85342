"""The documentation names what there is, and says of it what numpydoc asks."""

import importlib.util
import inspect
import json
import re
import tomllib
from configparser import ConfigParser
from importlib import import_module
from importlib.metadata import requires
from pathlib import Path

import pytest
from numpydoc.validate import ERROR_MSGS, validate
from packaging.requirements import Requirement

import sklearn_neurofuse as nf

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
CONSTRAINTS = ROOT / "constraints.txt"
README = ROOT / "README.md"


def public_names(module):
    return list(getattr(import_module(f"sklearn_neurofuse.{module}"), "__all__", []))


# the command has its own page in the user guide
MODULES = sorted(name for name in {*nf._ROOMS, "exceptions"} - {"cli"} if public_names(name))


def names_on_page(page):
    """List the entries of the autosummary tables of an API page."""
    entry = re.compile(r"^ {4}(?:~\w+\.)?(\w+)$", re.MULTILINE)
    text = (DOCS / "api" / f"{page}.rst").read_text(encoding="utf-8")
    tables = re.findall(r"^\.\. autosummary::\n((?: {4}.*\n|\n)+)", text, re.MULTILINE)
    return [name for table in tables for name in entry.findall(table)]


def documented(module):
    """List the public objects of a room, and the public members that their classes define here."""
    for name in public_names(module):
        path = f"sklearn_neurofuse.{module}.{name}"
        thing = getattr(import_module(f"sklearn_neurofuse.{module}"), name)
        yield path
        if inspect.isclass(thing):
            yield from (f"{path}.{member}" for member in own_members(thing))


def own_members(owner):
    for name in dir(owner):
        member = inspect.getattr_static(owner, name)
        function = getattr(member, "fget", None) or getattr(member, "__func__", member)
        module = getattr(function, "__module__", "") or ""
        if not name.startswith("_") and module.startswith("sklearn_neurofuse"):
            yield name


def wanted_checks():
    """Read the checks from the configuration of numpydoc: all but those listed."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        listed = tomllib.load(file)["tool"]["numpydoc_validation"]["checks"]
    assert "all" in listed
    # of public names a docstring is asked in any case
    return set(ERROR_MSGS) - set(listed) | {"GL08"}


@pytest.mark.parametrize("module", MODULES)
def test_api_page_lists_what_is_public(module):
    assert sorted(names_on_page(module)) == sorted(public_names(module))


def test_api_index_lists_the_top_names_and_every_page():
    assert sorted(names_on_page("index")) == sorted(set(nf.__all__) - {"__version__"})
    index = (DOCS / "api" / "index.rst").read_text(encoding="utf-8")
    assert set(MODULES) <= set(re.findall(r"^ {4}(\w+)$", index, re.MULTILINE))
    pages = {page.stem for page in (DOCS / "api").glob("*.rst")} - {"index"}
    assert pages == set(MODULES)


def test_names_are_listed_in_order():
    for module in MODULES:
        names = public_names(module)
        assert names == sorted(set(names)), module


@pytest.mark.parametrize("module", MODULES)
def test_docstrings(module):
    checks = wanted_checks()
    found = {path: validate(path)["errors"] for path in documented(module)}
    wrong = [
        f"{path}: {code} {text}"
        for path, errors in found.items()
        for code, text in errors
        if code in checks
    ]
    assert wrong == []


def test_installation_page_names_every_extra():
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    page = (DOCS / "installation.rst").read_text(encoding="utf-8")
    assert [name for name in config["options.extras_require"] if f"``{name}``" not in page] == []


def test_constraints_pin_what_is_required():
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)$", CONSTRAINTS.read_text(), re.MULTILINE))
    required = {Requirement(line).name for line in requires("sklearn-neurofuse")}
    untested = {"mne-icalabel", "onnxruntime"}
    assert (
        sorted({name.lower() for name in required} - untested - {n.lower() for n in pinned}) == []
    )
    assert [v for v in pinned.values() if "+" in v] == []


def test_code_of_the_readme_runs():
    (code,) = re.findall(r"^```python\n(.*?)^```", README.read_text("utf-8"), re.M | re.S)
    names = {}
    exec(compile(code, str(README), "exec"), names)
    assert names["search"].best_params_


def test_readme_has_one_command_for_the_job_and_one_for_the_tests():
    job, tests = re.findall(r"^python3 -m venv .*", README.read_text("utf-8"), re.M)
    assert '.venv/bin/pip install -c constraints.txt ".[bids]"' in job
    assert " .venv/bin/neurofuse " in job
    assert tests.endswith(" && .venv/bin/python -m pytest -n 2 --dist worksteal")


@pytest.fixture
def tables():
    """Load the extension of Sphinx that writes the page on validation."""
    spec = importlib.util.spec_from_file_location("benchmark_tables", DOCS / "benchmark_tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def measured(tmp_path):
    """Make a folder with two benchmarks, of which one has results, and give both folders."""
    modules, results = tmp_path / "benchmarks", tmp_path / "results"
    modules.mkdir()
    results.mkdir()
    for name in ("one", "two"):
        text = f'"""Speed of {name}.\n\nTimes are\nin s.\n\nMore.\n"""\n'
        (modules / f"bench_{name}.py").write_text(text)
    (results / "one.csv").write_text('name,value,ratio\n"a_b, *c*",0.123456,-1.5\n')
    return modules, results


def test_validation_page_has_a_section_for_every_benchmark(tables):
    page = (DOCS / "validation.rst").read_text("utf-8")
    assert page.count(tables.MARK) == 1
    names = {path.stem.removeprefix("bench_") for path in (ROOT / "benchmarks").glob("bench_*.py")}
    headings = re.findall(r"^(\w+)\n-+$", tables.as_sections(), re.MULTILINE)
    assert headings == sorted(names)


def test_validation_page_without_results(tables, measured, tmp_path):
    text = tables.as_sections(measured[0], tmp_path / "nothing")
    assert text.count("Not measured here.") == 2
    assert "csv-table" not in text


def test_validation_page_shows_what_was_measured(tables, measured):
    text = tables.as_sections(*measured)
    assert text.count("Not measured here.") == 1
    assert "Speed of one. Times are in s.\n" in text
    assert "More." not in text
    assert '    name,value,ratio\n    "a\\_b, \\*c\\*",0.1235,\\-1.5\n' in text
    assert "was not written down" in text


@pytest.mark.parametrize("smoke", [True, False])
def test_validation_page_tells_the_machine(tables, measured, smoke):
    facts = {
        "date": "2026-01-31", "system": "Linux", "processor": "abacus", "processors": 3,
        "threads": "2", "smoke": smoke, "versions": {"Python": "3.11.7", "numpy": "2.4"},
    }  # fmt: skip
    (measured[1] / "one.json").write_text(json.dumps(facts))
    text = tables.as_sections(*measured)
    assert "2026-01-31: Linux, 3 processors (abacus), OMP\\_NUM\\_THREADS=2;" in text
    assert "Python 3.11.7, numpy 2.4." in text
    assert ("smallest size" in text) is smoke


def test_picture_of_the_readme_is_there_and_small():
    (path,) = re.findall(r"^!\[[^\]]+\]\((\S+)\)$", README.read_text("utf-8"), re.MULTILINE)
    assert 10_000 < (ROOT / path).stat().st_size < 200_000
