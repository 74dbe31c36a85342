"""The folder that results go to."""

import json
import os
from pathlib import Path


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


def is_finished(args, files, last):
    """Say whether a folder holds all results of a command, and tell so.

    Parameters
    ----------
    args : argparse.Namespace
        The parsed arguments.
    files : sequence of str
        Names of the files that the command writes.
    last : str
        The one of them that is written last, with what was asked for.

    Returns
    -------
    bool
        False where one is missing, as after a run that was killed.

    Raises
    ------
    FileExistsError
        If these are the results of another command.
    """
    if args.out is None or not all((Path(args.out) / name).exists() for name in files):
        return False
    asked = json.loads((Path(args.out) / last).read_text(encoding="utf-8"))["command"]
    for name, value in asked.items():
        if value != getattr(args, name, value):
            raise FileExistsError(
                f"{args.out} holds the results of another command, with {name} {value!r}, not "
                f"{getattr(args, name)!r}"
            )
    print(f"{args.out} holds all results already")
    return True


def write_json(path, command, results):
    """Write results as JSON, after what was asked for, all or nothing.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    command : dict
        What was asked for, and of which data.
    results : str
        JSON of an object.
    """
    whole = {"command": command, **json.loads(results)}
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(draft, path)
