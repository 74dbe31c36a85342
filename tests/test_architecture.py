"""How the package is built: sizes, the shape of estimators, and who imports whom."""

import ast
import json
import subprocess
import sys
from pathlib import Path
from statistics import median, quantiles

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sklearn_neurofuse"
# "containers/_block.py" -> its syntax tree
TREES = {
    path.relative_to(PACKAGE).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
}

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40
MEDIAN_FUNCTION_LINES = 10
P90_FUNCTION_LINES = 25
MAX_CONSTRUCTOR_PARAMETERS = 10
# loaded when a room that needs them is, never by the package itself
HEAVY = {"torch", "skorch", "mne", "nibabel", "nilearn", "dipy", "matplotlib", "lime", "sklearn"}


def nodes(*kinds):
    """List (file, node) of the kinds given over the whole package."""
    return [
        (name, node)
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, kinds)
    ]


def functions():
    return nodes(ast.FunctionDef, ast.AsyncFunctionDef)


def calls():
    return [(name, node, ast.unparse(node.func)) for name, node in nodes(ast.Call)]


def constructors():
    return [
        (owner.name, node)
        for _, owner in nodes(ast.ClassDef)
        for node in owner.body
        if isinstance(node, ast.FunctionDef) and node.name == "__init__"
    ]


def parameters(constructor):
    arguments = constructor.args
    return [word.arg for word in arguments.posonlyargs + arguments.args + arguments.kwonlyargs][1:]


def statements(function):
    """Give the body of a function without its docstring."""
    return function.body[0 if ast.get_docstring(function) is None else 1 :]


def code_lines(function):
    body = statements(function)
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def public_names(room):
    """Give what stands in the ``__all__`` of a room, read without importing it."""
    return {
        name.value
        for node in getattr(TREES.get(f"{room}/__init__.py"), "body", [])
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        for name in node.value.elts
    }


def estimator_names():
    """Give the classes that descend from scikit-learn's, whose constructor `clone` calls."""
    bases = {
        owner.name: {ast.unparse(base).split(".")[-1] for base in owner.bases}
        for _, owner in nodes(ast.ClassDef)
    }
    found = {"BaseEstimator", "_BaseComposition"}
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return found


def test_files_are_of_reasonable_size():
    lengths = {
        name: len((PACKAGE / name).read_text(encoding="utf-8").splitlines()) for name in TREES
    }
    assert {name: n for name, n in lengths.items() if n > MAX_FILE_LINES} == {}


def test_functions_are_short():
    lengths = {f"{name}:{node.name}": code_lines(node) for name, node in functions()}
    assert {name: n for name, n in lengths.items() if n > MAX_FUNCTION_LINES} == {}
    assert median(lengths.values()) <= MEDIAN_FUNCTION_LINES
    assert quantiles(lengths.values(), n=10)[-1] <= P90_FUNCTION_LINES


def test_constructors_take_few_parameters():
    counts = {owner: len(parameters(node)) for owner, node in constructors()}
    assert {owner: n for owner, n in counts.items() if n > MAX_CONSTRUCTOR_PARAMETERS} == {}


def test_constructors_of_estimators_only_assign():
    estimators = estimator_names()
    wrong = []
    for owner, node in constructors():
        if owner not in estimators:
            continue
        wanted = sorted(f"self.{name} = {name}" for name in parameters(node))
        if node.args.kwarg or sorted(map(ast.unparse, statements(node))) != wanted:
            wrong.append(owner)
    assert wrong == []


def test_one_public_class_in_a_file():
    in_file = {}
    for name, node in nodes(ast.ClassDef):
        if "/" in name and node.name in public_names(name.split("/")[0]):
            in_file.setdefault(name, []).append(node.name)
    assert {name: owners for name, owners in in_file.items() if len(owners) > 1} == {}


def test_no_magic_in_classes():
    words = [(node.name, word.arg) for _, node in nodes(ast.ClassDef) for word in node.keywords]
    assert [owner for owner, word in words if word == "metaclass"] == []
    assert [name for name, node in functions() if node.name == "__init_subclass__"] == []


def test_imports_stand_at_the_top():
    inner = [
        f"{name}:{child.lineno}"
        for name, node in functions()
        for child in ast.walk(node)
        if isinstance(child, (ast.Import, ast.ImportFrom))
    ]
    assert inner == []


def test_no_squeeze_and_no_global_seed():
    unwanted = ("squeeze", "random.seed", "torch.manual_seed", "set_state")
    found = [f"{name}:{node.lineno}" for name, node, called in calls() if called.endswith(unwanted)]
    assert found == []


def test_zip_is_strict():
    loose = [
        f"{name}:{node.lineno}"
        for name, node, called in calls()
        if called == "zip" and "strict" not in [word.arg for word in node.keywords]
    ]
    assert loose == []


def test_every_folder_of_modules_is_a_package():
    folders = {(PACKAGE / name).parent for name in TREES}
    assert [folder.name for folder in folders if not (folder / "__init__.py").exists()] == []


def test_import_contracts():
    finished = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_importing_the_package_loads_nothing_heavy():
    program = "import json, sys, sklearn_neurofuse; print(json.dumps([*sys.modules]))"
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert sorted(HEAVY.intersection(json.loads(finished.stdout))) == []
