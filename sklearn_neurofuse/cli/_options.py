"""The options of each command; nothing heavy is loaded here."""

import argparse
import os

DATA = ("tle", "planted")
MODELS = ("linear", "attention", "concat", "pyramid", "cca", "jica", "cca+jica", "pica")
# what `compare` takes where none are named: those that cost seconds
FAST_MODELS = ("linear", "cca", "jica", "cca+jica")
BIDS = "a BIDS dataset"

# data set -> the options that belong to it alone, and their defaults
DATA_OPTIONS = {
    "tle": {"scanner": "256ch", "data_home": None},
    "planted": {"regime": "both", "samples": 200, "subjects": 20, "accuracy": 0.95},
    BIDS: {
        "task": None,
        "target": "trial_type",
        "level": "trial",
        "classes": None,
        "derivatives": None,
        "config": None,
        "plan": False,
    },
}

_DATA_HELP = """\
data:
  tle      EEG-fMRI connectomes of people with temporal-lobe epilepsy and of controls,
           downloaded at the first use (5 MB)
  planted  made-up volumes and epochs with a planted class; no network needed
  FOLDER   a BIDS dataset of raw simultaneous EEG-fMRI; needs --task
"""

_EVALUATE = f"""\
Evaluate a model by repeated cross-validation, each modality alone and all together, beside the
baselines that any model has to beat: the overall level alone, the confounds alone, and signals
without the level.

{_DATA_HELP}"""

_COMPARE = f"""\
Compare models on the same folds, beside the majority vote, linear models of each modality, the
overall level alone, the confounds alone, and signals without the level; and say whether fusion
helps.

{_DATA_HELP}"""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message):
        """End the process with a line that says what was wrong.

        Parameters
        ----------
        message : str
            What it was.
        """
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def add_evaluate(commands):
    """Add the command ``evaluate``.

    Parameters
    ----------
    commands : object
        What ``add_subparsers`` gave.
    """
    parser = _add_command(
        commands, "evaluate", "evaluate a model beside the baselines it has to beat", _EVALUATE
    )
    _add_data(parser)
    add = parser.add_argument
    add("--model", choices=MODELS, default="linear", help="default: %(default)s")
    _add_common(parser)
    more = parser.add_argument_group("more of the report").add_argument
    more("--prevalence", type=_share, metavar="P", help="share of the positive in the clinic")
    more("--permutations", type=integer(0), default=0, metavar="N", help="of the labels (0)")
    more("--learning-curve", action="store_true", help="train on some of the people too")
    more("--nested", action="store_true", help="variance by nested cross-validation too")
    more("--lock", metavar="DIR", help="freeze the model there, for validation on a new set")
    _add_data_options(parser)


def add_compare(commands):
    """Add the command ``compare``.

    Parameters
    ----------
    commands : object
        What ``add_subparsers`` gave.
    """
    parser = _add_command(
        commands, "compare", "compare models on the same folds, and say if fusion helps", _COMPARE
    )
    _add_data(parser)
    add = parser.add_argument
    add("--models", choices=MODELS, nargs="+", default=list(FAST_MODELS), metavar="MODEL",
        help=f"which, of {', '.join(MODELS)} ({', '.join(FAST_MODELS)})")  # fmt: skip
    add("--rope", type=float, default=0.01, metavar="D", help="differences in ROC AUC up to this "
        "are practically none (%(default)s)")  # fmt: skip
    _add_common(parser)
    _add_data_options(parser)


def add_demo(commands):
    """Add the command ``demo``.

    Parameters
    ----------
    commands : object
        What ``add_subparsers`` gave.
    """
    parser = _add_command(
        commands,
        "demo",
        "simulate raw recordings and evaluate them, from BIDS to report",
        "Simulate simultaneous EEG-fMRI of a few people with all that a scanner does to it, write "
        "it as a BIDS dataset, and evaluate that dataset: cleaning, realignment, normalisation, "
        "single trials, fusion, explanation, report. What was simulated is used again.",
    )
    add = parser.add_argument
    add("--out", metavar="DIR", required=True, help="where dataset and report go")
    add("--model", choices=MODELS, default="attention", help="default: %(default)s")
    add("--subjects", type=integer(3), default=6, metavar="N", help="people (%(default)s)")
    add("--jobs", type=_jobs, default=2, metavar="N", help="runs at once, -1 for all cores (2)")
    add("--seed", type=integer(0, 2**32 - 1), default=0, help="of all chance (%(default)s)")
    add("--traceback", action="store_true", help="show where an error comes from")


def add_predict(commands):
    """Add the command ``predict``.

    Parameters
    ----------
    commands : object
        What ``add_subparsers`` gave.
    """
    parser = _add_command(
        commands,
        "predict",
        "predict the samples of a BIDS dataset with a frozen model",
        "Predict each sample of a BIDS dataset with a model that neurofuse evaluate --lock froze. "
        "Its hashes and the versions it was made with are checked, and nothing is made of it but "
        "types of scikit-learn and of this package.",
    )
    add = parser.add_argument
    add("model", metavar="MODEL", help="folder that --lock wrote")
    add("--trust", nargs="+", default=[], metavar="TYPE", help="further types it may hold, by name")
    _add_data(parser)
    add("--out", metavar="CSV", help="file to write; default: the screen")
    add("--jobs", type=_jobs, default=1, metavar="N", help="runs at once, -1 for all cores (1)")
    add("--traceback", action="store_true", help="show where an error comes from")
    _add_bids_options(parser)
    parser.set_defaults(scanner=None, data_home=None, regime=None, samples=None, subjects=None,
                        accuracy=None, seed=0)  # fmt: skip


def add_check(commands):
    """Add the command ``check``.

    Parameters
    ----------
    commands : object
        What ``add_subparsers`` gave.
    """
    parser = _add_command(
        commands,
        "check",
        "quality of a BIDS dataset, one page for each recording",
        "Clean every recording of a BIDS dataset and tell its quality: clocks, artefacts before "
        "and after, heartbeats, bad channels, motion, coverage, trials kept; and what could be "
        "mistaken for the class.",
    )
    add = parser.add_argument
    _add_data(parser)
    add("--out", metavar="DIR", required=True, help="where the pages go")
    add("--overwrite", action="store_true", help="replace pages that DIR holds already")
    add("--jobs", type=_jobs, default=1, metavar="N", help="runs at once, -1 for all cores (1)")
    add("--traceback", action="store_true", help="show where an error comes from")
    _add_bids_options(parser)
    parser.set_defaults(scanner=None, data_home=None, regime=None, samples=None, subjects=None,
                        accuracy=None, seed=0)  # fmt: skip


def add_cache(commands):
    """Add the command ``cache``.

    Parameters
    ----------
    commands : object
        What ``add_subparsers`` gave.
    """
    parser = _add_command(
        commands,
        "cache",
        "tell of processed recordings on disk, or remove them",
        "Tell what processed recordings take on disk, or remove them all.",
    )
    add = parser.add_argument
    add("action", choices=("info", "clear"), help="tell, or remove all")
    add("--dir", metavar="DIR", help="the folder; default: NEUROFUSE_CACHE, else the user's cache")
    add("--traceback", action="store_true", help="show where an error comes from")


def _add_command(commands, name, brief, description):
    parser = commands.add_parser(
        name,
        help=brief,
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(parser=parser)
    return parser


def _add_data(parser):
    parser.add_argument("data", metavar="DATA", help="tle, planted, or a folder; see above")


def _add_common(parser):
    add = parser.add_argument
    add("--cv", type=integer(2), default=5, metavar="K", help="folds (%(default)s)")
    add("--repeats", type=integer(1), default=10, metavar="R", help="repeats (%(default)s)")
    add("--out", metavar="DIR", help="write the report, CSV and JSON there")
    add("--overwrite", action="store_true", help="replace results that DIR holds already")
    add("--resume", action="store_true", help="go on where a killed run stopped; nothing is done "
        "where DIR holds all results")  # fmt: skip
    add("--jobs", type=_jobs, default=1, metavar="N", help="fits at once, -1 for all cores (1)")
    add("--dask", metavar="ADDRESS", help="run on the workers of this Dask scheduler")
    add("--seed", type=integer(0, 2**32 - 1), default=0, help="of all chance (%(default)s)")
    add("--traceback", action="store_true", help="show where an error comes from")


def _add_data_options(parser):
    add = parser.add_argument_group("for tle").add_argument
    add("--scanner", choices=("256ch", "64ch"), help="which of the two sites (256ch)")
    add("--data-home", metavar="DIR", help="where downloads are kept, see NEUROFUSE_DATA_HOME")
    add = parser.add_argument_group("for planted").add_argument
    regimes = ("fmri", "eeg", "both", "conjunction")
    add("--regime", choices=regimes, help="where the class is planted (both)")
    add("--samples", type=integer(20), metavar="N", help="number of samples (200)")
    add("--subjects", type=integer(2), metavar="N", help="subjects they come from (20)")
    add("--accuracy", type=float, metavar="A", help="best possible accuracy (0.95)")
    _add_bids_options(parser)


def _add_bids_options(parser):
    add = parser.add_argument_group("for a BIDS dataset").add_argument
    add("--task", metavar="T", help="as in task-<task> of its files")
    add("--target", metavar="COLUMN", help="what is told: a column of the events (trial_type), or "
        "of participants.tsv")  # fmt: skip
    add("--level", choices=("trial", "subject"), help="what a sample is (trial)")
    add("--classes", metavar="A,B", help="values of the target to keep, in this order")
    add("--derivatives", metavar="DIR", help="results of fMRIPrep in place of raw images")
    add("--config", metavar="TOML", help="steps and parameters by name")
    add("--plan", action="store_true", default=None, help="say what would be done, and end")


def source_of(data):
    """Say which kind of data set is meant.

    Parameters
    ----------
    data : str
        Name or folder.

    Returns
    -------
    str
        Key of `DATA_OPTIONS`.
    """
    return data if data in DATA else BIDS


def complete(parser, args):
    """Refuse options of other data sets and fill in the defaults of those that belong here.

    Parameters
    ----------
    parser : Parser
        Of the command.
    args : argparse.Namespace
        What was given; filled in.
    """
    chosen = source_of(args.data)
    if chosen == BIDS and not os.path.isdir(args.data):
        parser.error(f"argument data: must be {', '.join(DATA)} or a folder, got {args.data!r}")
    for source, options in DATA_OPTIONS.items():
        for option, default in options.items():
            given = getattr(args, option, None)
            if source != chosen and given is not None:
                name = option.replace("_", "-")
                parser.error(f"--{name} belongs to {source}, not {args.data}")
            if source == chosen and given is None:
                setattr(args, option, default)


def integer(low, high=None):
    """Make a type of argument: an integer within bounds.

    Parameters
    ----------
    low : int
        The least.
    high : int, default=None
        The greatest.

    Returns
    -------
    callable
        From text to int.
    """

    def integer(text):
        value = int(text)
        if value < low or (high is not None and value > high):
            bound = f"at least {low}" if value < low else f"at most {high}"
            raise argparse.ArgumentTypeError(f"must be {bound}, got {value}")
        return value

    return integer


def _share(text):
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"must be between 0 and 1, got {text}")
    return value


def _jobs(text):
    if int(text) == 0:
        raise argparse.ArgumentTypeError("must be 1 or more, or -1 for all cores, got 0")
    return int(text)
