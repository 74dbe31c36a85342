"""Configuration of Sphinx; ``sphinx-build -W docs docs/_build/html`` builds the documentation."""

import os
import socket
import sys
import warnings
from pathlib import Path

import sklearn_neurofuse

os.environ["MPLBACKEND"] = "Agg"
_HERE = Path(__file__).parent
sys.path.insert(0, str(_HERE))


def _is_online():
    try:
        socket.create_connection(("docs.python.org", 443), timeout=2).close()
    except OSError:
        return False
    return True


project = "sklearn_neurofuse"
author = "the sklearn_neurofuse developers"
copyright = f"2026, {author}"  # noqa: A001
release = version = sklearn_neurofuse.__version__

extensions = [
    "benchmark_tables",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx.ext.intersphinx",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "**/GALLERY_HEADER.rst"]
default_role = None

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
extlinks = {"doi": ("https://doi.org/%s", "doi:%s")}

# without a network the links to other projects stay plain text
_OTHERS = {
    name: (f"https://{host}/{path}", None)
    for name, host, path in [
        ("python", "docs.python.org", "3"),
        ("numpy", "numpy.org", "doc/stable"),
        ("scipy", "docs.scipy.org", "doc/scipy"),
        ("sklearn", "scikit-learn.org", "stable"),
        ("pandas", "pandas.pydata.org", "docs"),
        ("joblib", "joblib.readthedocs.io", "en/latest"),
        ("imblearn", "imbalanced-learn.org", "stable"),
        ("mne", "mne.tools", "stable"),
        ("nibabel", "nipy.org", "nibabel"),
        ("nilearn", "nilearn.github.io", "stable"),
    ]
}
intersphinx_mapping = _OTHERS if _is_online() else {}

sphinx_gallery_conf = {
    "examples_dirs": str(_HERE.parent / "examples"),
    "gallery_dirs": "auto_examples",
    "within_subsection_order": "FileNameSortKey",
    "doc_module": ("sklearn_neurofuse",),
    "backreferences_dir": "api/generated/backreferences",
    "reference_url": {"sklearn_neurofuse": None},
    "abort_on_example_error": True,
    "show_memory": False,
    "min_reported_time": 5,
}
# an example that warns is an example to mend; Sphinx may warn itself as it likes
warnings.filterwarnings("error", module=r"__main__|sklearn_neurofuse")

html_theme = "pydata_sphinx_theme"
html_title = f"sklearn_neurofuse {version}"
html_show_sourcelink = False
html_theme_options = {"navigation_with_keys": False, "show_toc_level": 2}


def skip_foreign(app, what, name, member, skip, options):
    """Leave out what a class has from scikit-learn or elsewhere."""
    function = getattr(member, "fget", member)
    module = getattr(function, "__module__", None) or ""
    return None if module.startswith("sklearn_neurofuse") else True


def resolve_top_name(app, env, node, content):
    """Lead from a name of the package itself to the page of the room it lives in."""
    name = node.get("reftarget", "").removeprefix("sklearn_neurofuse.")
    room = sklearn_neurofuse._HOMES.get(name.split(".")[0])
    if node.get("refdomain") != "py" or room is None:
        return None
    return env.domains["py"].resolve_xref(
        env,
        node["refdoc"],
        app.builder,
        node["reftype"],
        f"sklearn_neurofuse.{room}.{name}",
        node,
        content,
    )


def setup(app):
    """Connect the functions above."""
    app.connect("autodoc-skip-member", skip_foreign)
    app.connect("missing-reference", resolve_top_name)
