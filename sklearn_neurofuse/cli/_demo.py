"""``neurofuse demo``: from simulated raw recordings to a report, along the path of real ones."""

import json
import shutil
import sys
import time
from pathlib import Path

from sklearn_neurofuse.cli._main import main
from sklearn_neurofuse.datasets import simulate_eeg_fmri

# both modalities know something, neither enough
SIMULATION = {
    "n_volumes": 120,
    "volume_shape": (40, 44, 22),
    "n_channels": 20,
    "sfreq": 1000.0,
    "design": {"bayes_accuracy": {"fmri": 0.9, "eeg": 0.97}},
}
_CONFIG = """\
# Steps of the demonstration: those that `neurofuse evaluate` takes by itself, on a coarse grid
[[fmri]]
step = "SliceTimingCorrector"
[[fmri]]
step = "MotionCorrector"
[[fmri]]
step = "TemplateNormalizer"
resolution = 6.0
[[fmri]]
step = "SpatialSmoother"
fwhm = 8.0
[[fmri]]
step = "ConfoundRegressor"
[[fmri]]
step = "TrialBetas"
standardize = "recording"

[[eeg]]
step = "GradientArtifactRemover"
[[eeg]]
step = "PulseArtifactRemover"
[[eeg]]
step = "Resampler"
sfreq = 125.0
[[eeg]]
step = "FrequencyFilter"
l_freq = 0.5
h_freq = 30.0
[[eeg]]
step = "ChannelInterpolator"
[[eeg]]
step = "ICAArtifactRemover"
fit_l_freq = 1.0
[[eeg]]
step = "Rereferencer"
reference = "average"
[[eeg]]
step = "Epocher"
tmin = -0.2
tmax = 0.8
standardize = "recording"
"""


def run(args):
    """Simulate recordings, write them as BIDS, and evaluate that dataset.

    Parameters
    ----------
    args : argparse.Namespace
        The parsed arguments.

    Raises
    ------
    OSError
        If the folder cannot be written, or holds people who were simulated otherwise.
    """
    folder = Path(args.out)
    bids, config = folder / "bids", folder / "pipeline.toml"
    start = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    _prepare(args, folder, bids)
    write_config(config)
    command = ["evaluate", str(bids), "--task", "faces", "--classes", "house,face"]
    command += ["--model", args.model, "--config", str(config), "--out", str(folder)]
    command += ["--cv", "3", "--repeats", "1", "--overwrite"]
    command += ["--jobs", str(args.jobs), "--seed", str(args.seed)]
    _tell(f"neurofuse {' '.join(command)}")
    if main(command):
        raise OSError("the evaluation failed; see above")
    took = time.monotonic() - start
    print(f"\n{took:.0f} s; the report: {folder / 'report.html'}")


def _prepare(args, folder, bids):
    """Simulate, unless the same people are there already."""
    note = folder / "simulation.json"
    wanted = json.dumps({"subjects": args.subjects, "seed": args.seed, **SIMULATION})
    if bids.exists():
        if not note.exists() or note.read_text(encoding="utf-8") != wanted:
            raise FileExistsError(
                f"{bids} holds people who were simulated with other settings than --subjects "
                f"{args.subjects} --seed {args.seed}; give another --out"
            )
        return
    # what a run that was killed while it simulated has left
    for draft in folder.glob(f".{bids.name}-*"):
        shutil.rmtree(draft)
    note.write_text(wanted, encoding="utf-8")
    _tell(f"simulating {args.subjects} people in the scanner")
    simulate(args, bids)


def write_config(path):
    """Write the steps of the demonstration.

    Parameters
    ----------
    path : path-like
        A TOML file.
    """
    Path(path).write_text(_CONFIG, encoding="utf-8")


def simulate(args, folder):
    """Write the raw recordings as a BIDS dataset.

    Parameters
    ----------
    args : argparse.Namespace
        With ``subjects`` and ``seed``.
    folder : pathlib.Path
        New folder.
    """
    simulate_eeg_fmri(
        n_subjects=args.subjects,
        **SIMULATION,
        write_bids=folder,
        random_state=args.seed,
    )


def _tell(text):
    if sys.stderr.isatty():
        print(text, file=sys.stderr)
