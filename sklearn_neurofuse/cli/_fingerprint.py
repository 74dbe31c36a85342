"""What results were made of: settings and recordings by content, not by name."""

import json

import joblib

from sklearn_neurofuse.cli._chains import read_config, read_toml
from sklearn_neurofuse.cli._options import BIDS, source_of
from sklearn_neurofuse.recordings import Recordings
from sklearn_neurofuse.recordings._provenance import digest, events_key, source_key

STEPS, DATA = "steps", "data"


def fingerprint(args, data):
    """Identify what results are made of.

    Parameters
    ----------
    args : argparse.Namespace
        The parsed arguments; ``config`` is read.
    data : Bunch
        The data set, of recordings as they were found or of arrays.

    Returns
    -------
    dict of str to str
        Under ``"steps"`` a hash of the steps, their parameters and the grid, with defaults filled
        in, so that comments and the name of the file do not count; under ``"data"`` one of the
        samples, with their classes and groups. Recordings are told by path, size and time of
        change of their files, arrays by their values.
    """
    return {STEPS: _of_steps(args), DATA: _of_data(data)}


def _of_steps(args):
    if source_of(args.data) != BIDS:
        # arrays go through no step
        return digest(None)
    grid = {} if args.config is None else read_toml(args.config).get("grid", {})
    steps = read_config(args.config, args.level)
    # dates are all that TOML has and JSON has not
    return digest(json.dumps([steps, grid], sort_keys=True, default=str))


def _of_data(data):
    blocks = [[name, _of_block(data.X[name])] for name in data.X.modalities]
    names = [str(name) for name in data.target_names]
    labels = [joblib.hash(data.target), joblib.hash([str(group) for group in data.groups])]
    return digest(blocks, names, labels, events_key(data.get("confounds")))


def _of_block(block):
    if not isinstance(block, Recordings):
        return joblib.hash(block.data)
    sources = [
        [source_key(each) if each.source is not None else None, events_key(each.events)]
        for each in block.sources
    ]
    return [sources, block.recording.tolist(), events_key(block.table)]
