"""The options of each command; nothing heavy is loaded here."""

import argparse
import os
import textwrap

from sklearn_neurofuse._validation import nearest

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

_MODEL_HELP = (
    f"one of {', '.join(MODELS)} (%(default)s): a penalised linear model, three networks, and a "
    "linear one on canonical or independent components"
)

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
    add("--model", choices=MODELS, default="linear", metavar="MODEL", help=_MODEL_HELP)
    _add_common(parser)
    more = parser.add_argument_group("more of the report").add_argument
    more("--prevalence", type=_share, metavar="P", help="add predictive values "
         "where so large a share has the positive class, the last of --classes")  # fmt: skip
    more("--permutations", type=integer(0), default=0, metavar="N",
         help="test against so many permutations of the labels (0)")  # fmt: skip
    more(
        "--learning-curve", action="store_true", help="show what fewer people in training would do"
    )
    more("--nested", action="store_true", help="add the variance by nested cross-validation")
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
    add("--model", choices=MODELS, default="attention", metavar="MODEL", help=_MODEL_HELP)
    add("--subjects", type=integer(3), default=6, metavar="N", help="people (%(default)s)")
    _add_jobs(parser, "runs", default=2)
    _add_seed(parser)


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
    _add_folder(parser)
    add("--out", metavar="CSV", help="file to write; default: the screen")
    _add_jobs(parser, "runs")
    _add_bids_options(parser)


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
    _add_folder(parser)
    add("--out", metavar="DIR", required=True, help="where the pages go")
    add("--overwrite", action="store_true", help="replace pages that DIR holds already")
    _add_jobs(parser, "runs")
    _add_bids_options(parser)


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


def _add_command(commands, name, brief, description):
    parser = commands.add_parser(
        name,
        help=brief,
        description=description if "\n" in description else textwrap.fill(description, 95),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(parser=parser)
    return parser


def add_to_all(commands):
    """Add what every command takes, below all else.

    Parameters
    ----------
    commands : object
        What ``add_subparsers`` gave, with all commands.
    """
    for parser in commands.choices.values():
        parser.add_argument(
            "--traceback", action="store_true", help="show where an error comes from"
        )


def _add_jobs(parser, what, default=1):
    parser.add_argument("--jobs", type=_jobs, default=default, metavar="N",
                        help=f"{what} at once, -1 for all cores (%(default)s)")  # fmt: skip


def _add_seed(parser):
    parser.add_argument("--seed", type=integer(0, 2**32 - 1), default=0,
                        help="of everything random (%(default)s)")  # fmt: skip


def _add_data(parser):
    parser.add_argument("data", metavar="DATA", help="tle, planted, or a folder; see above")


def _add_folder(parser):
    parser.add_argument("data", metavar="FOLDER", help="a BIDS dataset of raw EEG-fMRI")
    parser.set_defaults(known=(), seed=0)


def _add_common(parser):
    add = parser.add_argument
    add("--cv", type=integer(2), default=5, metavar="K", help="folds (%(default)s)")
    add("--repeats", type=integer(1), default=10, metavar="R", help="repeats (%(default)s)")
    add("--out", metavar="DIR", help="write the report, CSV and JSON there")
    add("--overwrite", action="store_true", help="replace results that DIR holds already")
    add("--resume", action="store_true", help="go on where a killed run stopped; nothing is done "
        "where DIR holds all results")  # fmt: skip
    _add_jobs(parser, "fits")
    add("--dask", metavar="ADDRESS", help="run on the workers of this Dask scheduler")
    _add_seed(parser)


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
    add = _add_bids_options(parser)
    add("--plan", action="store_true", default=None, help="say what would be done, how long it "
        "takes and how many bytes it needs, after reading one recording, and end")  # fmt: skip


def _add_bids_options(parser):
    add = parser.add_argument_group("for a BIDS dataset").add_argument
    add("--task", metavar="T", help="needed: as in task-<task> of its files")
    add("--target", metavar="COLUMN", help="what is told: a column of the events (trial_type), or "
        "of participants.tsv")  # fmt: skip
    add("--level", choices=("trial", "subject"), help="what a sample is (trial)")
    add("--classes", metavar="A,B", help="values of the target to keep, in this order")
    add("--derivatives", metavar="DIR", help="results of fMRIPrep in place of raw images")
    add("--config", metavar="TOML", help="file of steps, their parameters, and a [grid] to "
        "search; by default usual steps are taken")  # fmt: skip
    return add


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
    chosen, known = source_of(args.data), getattr(args, "known", DATA)
    if not os.path.isdir(args.data) and args.data not in known:
        what = f"{', '.join(known)} or a folder" if known else "the folder of a BIDS dataset"
        parser.error(f"must be {what}, got {args.data!r}{nearest(args.data, known)}")
    for source, options in DATA_OPTIONS.items():
        for option, default in options.items():
            given = getattr(args, option, None)
            if source != chosen and given is not None:
                name = option.replace("_", "-")
                parser.error(f"--{name} belongs to {source}, not {args.data}")
            if source == chosen and given is None:
                setattr(args, option, default)
    _check_paths(parser, args)


def _check_paths(parser, args):
    """Refuse now what would be refused after recordings were read."""
    config, derivatives = (getattr(args, name, None) for name in ("config", "derivatives"))
    if config is not None and not os.path.isfile(config):
        parser.error(f"--config: there is no file {config!r}")
    if derivatives is not None and not os.path.isdir(derivatives):
        parser.error(f"--derivatives: there is no folder {derivatives!r}")


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
