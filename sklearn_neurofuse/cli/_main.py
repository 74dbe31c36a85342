"""Read the command line and hand over; what a command needs is loaded when it is called."""

import argparse
import sys
from importlib import import_module

from sklearn_neurofuse._version import __version__

# command -> "module:function" that takes the parsed arguments
_COMMANDS = {"evaluate": "sklearn_neurofuse.cli._evaluate:run"}

DATA = ("tle", "planted")
MODELS = ("linear",)

# data set -> the options that belong to it alone, and their defaults
DATA_OPTIONS = {
    "tle": {"scanner": "256ch", "data_home": None},
    "planted": {"regime": "both", "samples": 200, "subjects": 20, "accuracy": 0.95},
}

_EVALUATE = """\
Evaluate a model by repeated cross-validation, each modality alone and all together, beside the
baselines that any model has to beat: the overall level alone, the confounds alone, and signals
without the level.

data:
  tle      EEG-fMRI connectomes of people with temporal-lobe epilepsy and of controls,
           downloaded at the first use (5 MB)
  planted  made-up volumes and epochs with a planted class; no network needed
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
    _complete(args.parser, args)
    module, function = _COMMANDS[args.command].split(":")
    try:
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


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message):
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def make_parser():
    """Make the parser of the whole command line.

    Returns
    -------
    argparse.ArgumentParser
        The parser.
    """
    parser = _Parser(
        prog="neurofuse",
        description="Multimodal EEG-fMRI classification.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"neurofuse {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_evaluate(commands)
    return parser


def _add_evaluate(commands):
    parser = commands.add_parser(
        "evaluate",
        help="evaluate a model beside the baselines it has to beat",
        description=_EVALUATE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(parser=parser)
    parser.add_argument("data", choices=DATA, help="what to evaluate on: tle or planted")
    add = parser.add_argument
    add("--model", choices=MODELS, default="linear", help="default: %(default)s")
    add("--cv", type=_integer(2), default=5, metavar="K", help="folds (%(default)s)")
    add("--repeats", type=_integer(1), default=10, metavar="R", help="repeats (%(default)s)")
    add("--out", metavar="DIR", help="write CSV and JSON there")
    add("--overwrite", action="store_true", help="replace results that DIR holds already")
    add("--jobs", type=_jobs, default=1, metavar="N", help="fits at once, -1 for all cores (1)")
    add("--seed", type=_integer(0, 2**32 - 1), default=0, help="of all chance (%(default)s)")
    add("--traceback", action="store_true", help="show where an error comes from")
    _add_data_options(parser)


def _add_data_options(parser):
    add = parser.add_argument_group("for tle").add_argument
    add("--scanner", choices=("256ch", "64ch"), help="which of the two sites (256ch)")
    add("--data-home", metavar="DIR", help="where downloads are kept, see NEUROFUSE_DATA_HOME")
    add = parser.add_argument_group("for planted").add_argument
    regimes = ("fmri", "eeg", "both", "conjunction")
    add("--regime", choices=regimes, help="where the class is planted (both)")
    add("--samples", type=_integer(20), metavar="N", help="number of samples (200)")
    add("--subjects", type=_integer(2), metavar="N", help="subjects they come from (20)")
    add("--accuracy", type=float, metavar="A", help="best possible accuracy (0.95)")


def _complete(parser, args):
    """Refuse options of other data sets and fill in the defaults of those that belong here."""
    for data, options in DATA_OPTIONS.items():
        for option, default in options.items():
            given = getattr(args, option)
            if data != args.data and given is not None:
                name = option.replace("_", "-")
                parser.error(f"--{name} belongs to {data}, not {args.data}")
            if data == args.data and given is None:
                setattr(args, option, default)


def _integer(low, high=None):
    def integer(text):
        value = int(text)
        if value < low or (high is not None and value > high):
            bound = f"at least {low}" if value < low else f"at most {high}"
            raise argparse.ArgumentTypeError(f"must be {bound}, got {value}")
        return value

    return integer


def _jobs(text):
    if int(text) == 0:
        raise argparse.ArgumentTypeError("must be 1 or more, or -1 for all cores, got 0")
    return int(text)


def _one_line(error):
    return " ".join(str(error).split()) or type(error).__name__
