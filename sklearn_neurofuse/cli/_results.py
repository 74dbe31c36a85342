"""The folder that results go to."""

import json
import os
from pathlib import Path

from sklearn_neurofuse.cli._fingerprint import DATA, STEPS

# settings that name a folder, and those whose content is compared
_FOLDERS = ("data", "derivatives", "lock")
_BY_CONTENT = ("config", "description")
_CHANGED = {
    STEPS: "other steps: --config, or what is taken by default, has changed since",
    DATA: "other data: recordings, labels or groups have changed since",
}
_REMEDY = "give another --out, or --overwrite in place of --resume"


def prepare_folder(out, files, overwrite):
    """Make the folder, and see that nothing in it would be lost.

    Parameters
    ----------
    out : str or None
        Where results go.
    files : sequence of str
        Names of the files that will be written.
    overwrite : bool
        Whether older results may be replaced.

    Returns
    -------
    pathlib.Path or None
        The folder; None where none was asked for.

    Raises
    ------
    FileExistsError
        If there are older results, or the path is no folder.
    """
    if out is None:
        return None
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"--out {folder} is not a folder")
    older = [name for name in files if (folder / name).exists()]
    if older and not overwrite:
        raise FileExistsError(f"{folder} holds {older[0]} already; give --overwrite to replace it")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def is_finished(args, files, last, find_fingerprint):
    """Say whether a folder holds all results of a command, and tell so.

    Parameters
    ----------
    args : argparse.Namespace
        The parsed arguments.
    files : sequence of str
        Names of the files that the command writes.
    last : str
        The one of them that is written last, with what was asked for.
    find_fingerprint : callable
        Of the arguments: what results of them would be made of, as `write_json` notes it. Called
        only where there are results.

    Returns
    -------
    bool
        False where one is missing, as after a run that was killed.

    Raises
    ------
    FileExistsError
        If these are the results of another command, of other steps, or of other data.
    """
    if args.out is None or not all((Path(args.out) / name).exists() for name in files):
        return False
    held = json.loads((Path(args.out) / last).read_text(encoding="utf-8"))
    for name, value in held["command"].items():
        asked = getattr(args, name, value)
        if name not in _BY_CONTENT and _plain(name, value) != _plain(name, asked):
            raise FileExistsError(
                f"{args.out} holds the results of another command, with {name} {value!r}, not "
                f"{asked!r}; {_REMEDY}"
            )
    made_of, now = held.get("fingerprint", {}), find_fingerprint(args)
    for part, told in _CHANGED.items():
        if made_of.get(part) != now[part]:
            raise FileExistsError(f"{args.out} holds results of {told}; {_REMEDY}")
    print(f"{args.out} holds all results already")
    return True


def _plain(name, value):
    """Give a setting as it is compared: folders by where they are."""
    return os.path.abspath(value) if name in _FOLDERS and value is not None else value


def write_json(path, command, made_of, results):
    """Write results as JSON, after what was asked for, all or nothing.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    command : dict
        What was asked for, and of which data.
    made_of : dict of str to str
        From `fingerprint`.
    results : str
        JSON of an object.
    """
    whole = {"command": command, "fingerprint": made_of, **json.loads(results)}
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(draft, path)
