"""Read the command line and hand over; what a command needs is loaded when it is called."""

import argparse
import sys
import warnings
from contextlib import contextmanager, nullcontext
from importlib import import_module

from sklearn_neurofuse._version import __version__
from sklearn_neurofuse.cli._options import (
    Parser,
    add_cache,
    add_check,
    add_compare,
    add_demo,
    add_evaluate,
    add_predict,
    add_to_all,
    complete,
)

# command -> the function that adds its options, and "module:function" that takes them parsed
_COMMANDS = {
    "demo": (add_demo, "sklearn_neurofuse.cli._demo:run"),
    "check": (add_check, "sklearn_neurofuse.cli._check:run"),
    "evaluate": (add_evaluate, "sklearn_neurofuse.cli._evaluate:run"),
    "compare": (add_compare, "sklearn_neurofuse.cli._compare:run"),
    "predict": (add_predict, "sklearn_neurofuse.cli._predict:run"),
    "cache": (add_cache, "sklearn_neurofuse.cli._cache:run"),
}
_FIRST_STEPS = """\
first steps:
  neurofuse demo --out demo                       simulated recordings, all the way; minutes
  neurofuse evaluate planted --repeats 2          made-up samples; seconds
  neurofuse check FOLDER --task T --out quality   your BIDS dataset: is it fit?
  neurofuse evaluate FOLDER --task T --plan       what would be done with it, and how long
  neurofuse evaluate FOLDER --task T --out report

neurofuse COMMAND --help tells the options of each command.
"""


def main(argv=None):
    """Run a command.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments; None means those of the process.

    Returns
    -------
    int
        0 if all went well, 1 if the command failed, 130 if it was interrupted. Arguments that
        cannot be understood end the process with 2.
    """
    args = make_parser().parse_args(argv)
    if hasattr(args, "data"):
        complete(args.parser, args)
    module, function = _COMMANDS[args.command][1].split(":")
    try:
        with _warnings_of(args.command), _workers(getattr(args, "dask", None)):
            getattr(import_module(module), function)(args)
    except (OSError, ValueError) as error:
        if args.traceback:
            raise
        print(f"neurofuse {args.command}: error: {_one_line(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"neurofuse {args.command}: interrupted", file=sys.stderr)
        return 130
    return 0


@contextmanager
def _warnings_of(command):
    """Write a warning as one line, without the place in the code that gave it."""

    def show(message, *_, **__):
        print(f"neurofuse {command}: warning: {_one_line(message)}", file=sys.stderr)

    before, warnings.showwarning = warnings.showwarning, show
    try:
        yield
    finally:
        warnings.showwarning = before


def _workers(address):
    if address is None:
        return nullcontext()
    return import_module("sklearn_neurofuse.cli._workers").on_cluster(address)


def make_parser():
    """Make the parser of the whole command line.

    Returns
    -------
    argparse.ArgumentParser
        The parser.
    """
    parser = Parser(
        prog="neurofuse",
        description="Multimodal EEG-fMRI classification, from raw recordings to a report.",
        epilog=_FIRST_STEPS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"neurofuse {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add_options, _ in _COMMANDS.values():
        add_options(commands)
    add_to_all(commands)
    return parser


def _one_line(error):
    return " ".join(str(error).split()) or type(error).__name__
