"""``--plan``: what would be done, how long it takes, and how many bytes it needs."""

import time
from math import prod

import numpy as np

from sklearn_neurofuse.cli._grid import find_grid
from sklearn_neurofuse.cli._recordings import describe_pairs, load_recordings, read_chain
from sklearn_neurofuse.cli._units import readable_size, readable_time


def print_plan(args):
    """Say what is to be done before it is begun, where that was asked for.

    One recording of each modality, the smallest, is read to measure what it costs.

    Parameters
    ----------
    args : argparse.Namespace
        The parsed arguments.

    Returns
    -------
    bool
        Whether it was asked for.
    """
    if not getattr(args, "plan", False):
        return False
    data = load_recordings(args)
    data.chain = read_chain(args, data.X)[0]
    # faults of the grid are told now and not after hours
    grid = find_grid(args, data)
    for line in describe_pairs(data):
        print(line)
    seconds = [
        _plan_modality(name, branch, data.X[name], args.jobs)
        for name, branch in data.chain.transformers
    ]
    print(_total(sum(seconds), grid, args))
    return True


def _plan_modality(name, branch, block, n_jobs):
    """Tell of one modality, and give the seconds that its steps take."""
    print(f"{name}: {' > '.join(type(step).__name__ for _, step in branch.steps)}")
    there = {i: each.source for i, each in enumerate(block.sources) if each.source is not None}
    sizes = {i: _size(name, source) for i, source in there.items()}
    lasts = {i: _seconds(name, source) for i, source in there.items()}
    print(
        f"  {len(there)} recordings of {readable_time(sum(lasts.values()))} in all; in memory one "
        f"at a time, the largest {readable_size(max(sizes.values()))} of "
        f"{readable_size(sum(sizes.values()))}"
    )
    measured = _measure(branch, block, sizes)
    if measured is None:
        print("  none of them can be read")
        return 0.0
    i, took, per_sample = measured
    settled = took * sum(sizes.values()) / sizes[i]
    print(
        f"  one of {readable_time(lasts[i])} was read in {readable_time(took)}: all take about "
        f"{readable_time(settled)}, and give {readable_size(per_sample * len(block))} of samples"
    )
    # recordings are shared out among the workers
    return settled / max(1, min(n_jobs, len(there)))


def _measure(branch, block, sizes):
    """Read the smallest recording that can be read, past the cache."""
    for i in sorted(sizes, key=sizes.get):
        rows = np.flatnonzero(block.recording == i)
        if not rows.size:
            continue
        start = time.perf_counter()
        read = branch.fit_transform(block[rows].with_config(cache_dir=None))
        took = time.perf_counter() - start
        if read.present.any():
            return i, took, read.nbytes / len(read)
    return None


def _total(seconds, grid, args):
    fits = args.cv * args.repeats
    told = f"in all about {readable_time(seconds)}, less what is in the cache; then {fits} fits of "
    told += "each model"
    if grid is None:
        return told
    settings = prod(len(values) for values in [*grid.steps.values(), *grid.model.values()])
    times = prod(len(values) for values in grid.steps.values())
    again = f"; steps run {times} times, once for each of their settings" if times > 1 else ""
    return f"{told}, each a search of {settings} settings in {grid.n_splits} folds{again}"


def _seconds(name, source):
    return source.duration if name == "fmri" else source.times[-1]


def _size(name, source):
    if name == "fmri":
        return 4 * int(np.prod(source.img.shape))
    return 8 * len(source.ch_names) * source.n_times
