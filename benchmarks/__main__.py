"""Run benchmarks by name, print one line for each figure and write them as CSV."""

import argparse
import contextlib
import csv
import importlib
import importlib.metadata
import json
import os
import pkgutil
import platform
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import benchmarks

_FOLDER = Path(__file__).parent
_PREFIX = "bench_"
# whose versions are written beside the figures
_PACKAGES = [
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "mne",
    "nibabel",
    "nilearn",
    "dipy",
    "cca-zoo",
    "sklearn-neurofuse",
]


def find_benchmarks():
    """List the names of the benchmarks there are."""
    modules = pkgutil.iter_modules([str(_FOLDER)])
    return sorted(
        module.name.removeprefix(_PREFIX) for module in modules if module.name.startswith(_PREFIX)
    )


def load(name):
    """Import the module of a benchmark."""
    try:
        return importlib.import_module(f"{benchmarks.__name__}.{_PREFIX}{name}")
    except ModuleNotFoundError as error:
        raise SystemExit(
            f"{name}: needs {error.name}; pip install -r benchmarks/requirements.txt"
        ) from error


def in_order(columns):
    """Put the ratio last."""
    return sorted(dict.fromkeys(columns), key="ratio".__eq__)


def as_line(name, row):
    """Write one figure as a line."""
    cells = [
        f"{column}={row[column]:.4g}"
        if isinstance(row[column], float)
        else f"{column}={row[column]}"
        for column in in_order(row)
    ]
    return "  ".join([name, *cells])


def write_csv(path, rows):
    """Write the figures of one benchmark."""
    columns = in_order(column for row in rows for column in row)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def name_processor():
    """Name the kind of processor as the system does."""
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text("utf-8") if cpuinfo.exists() else ""
    found = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def find_versions():
    """List the versions of what is installed."""
    versions = {"Python": platform.python_version()}
    for name in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


def describe(smoke):
    """Say when, on what and with what it was measured."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "system": platform.system(),
        "processor": name_processor(),
        "processors": os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "smoke": smoke,
        "versions": find_versions(),
    }


def run_one(name, smoke, out):
    """Run one benchmark; what was measured is written even if it stops half-way."""
    rows = []
    try:
        for row in load(name).run(smoke):
            rows.append(row)
            print(as_line(name, row), flush=True)
    finally:
        if rows:
            write_csv(out / f"{name}.csv", rows)
            facts = json.dumps(describe(smoke), indent=2)
            (out / f"{name}.json").write_text(facts + "\n", encoding="utf-8")


def main(argv=None):
    """Run the benchmarks named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    known = [*find_benchmarks(), "all"]
    parser.add_argument("names", metavar="NAME", nargs="+", choices=known, help=", ".join(known))
    parser.add_argument("--smoke", action="store_true", help="smallest size, to see that it runs")
    parser.add_argument("--out", metavar="DIR", type=Path, default=_FOLDER / "results")
    arguments = parser.parse_args(argv)
    names = known[:-1] if "all" in arguments.names else arguments.names
    for name in names:
        run_one(name, arguments.smoke, arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
