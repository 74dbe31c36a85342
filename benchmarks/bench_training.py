"""What training and prediction of the fusion network cost.

200 samples of 40x48x40 volumes and 32x250 EEG, on as many threads as ``OMP_NUM_THREADS`` says.

epoch, skorch
    One epoch of one member as `FusionClassifier` trains it; the peer is a bare torch loop over the
    same module, batches and optimiser. Wanted: a ratio below 1.1, and below .8 s on 2 cores.
epoch, attention / concat / pyramid
    The same for each fusion; the peer is concatenation.
predict, one sample
    Median latency of ``predict_proba`` of a fitted ensemble, its gate opened by hand so that every
    network has its say. Wanted: below 10 ms.
fit
    A whole fit, in s of processor time, and its peak of anonymous memory in MB above that of
    the data.
"""

import time
from dataclasses import replace

import numpy as np
import torch

from benchmarks.memory import peak_anonymous
from sklearn_neurofuse.datasets import make_multimodal_classification
from sklearn_neurofuse.neural_network import FusionClassifier
from sklearn_neurofuse.neural_network._batches import Samples
from sklearn_neurofuse.neural_network._options import TRAINING
from sklearn_neurofuse.neural_network._skorch import make_net
from sklearn_neurofuse.neural_network._tasks import Classification
from sklearn_neurofuse.neural_network.modules import FusionNet, SequenceEncoder, VolumeEncoder

FUSIONS = ("attention", "concat", "pyramid")
N_COMPONENTS, N_DIRECTIONS = 35, 3


def make_samples(n_samples, shape, epoch):
    """Draw standardised samples with scores, as a member receives them."""
    generator = torch.Generator().manual_seed(0)

    def draw(*size):
        return torch.randn(n_samples, *size, generator=generator)

    scores = {"fmri": draw(N_COMPONENTS), "eeg": draw(N_COMPONENTS)}
    inputs = {
        "blocks": {"fmri": draw(*shape), "eeg": draw(*epoch)},
        "present": torch.ones(n_samples, 2, dtype=bool),
        "scores": scores,
        "directions": {name: each[:, :N_DIRECTIONS] for name, each in scores.items()},
        "offset": draw(1),
        "weight": torch.ones(n_samples),
    }
    return Samples(inputs, (draw(1) > 0).float())


def make_module(shape, epoch, fusion="attention"):
    """Make the network of one member."""
    encoders = {"fmri": VolumeEncoder(shape), "eeg": SequenceEncoder(*epoch)}
    n_components = dict.fromkeys(encoders, N_COMPONENTS)
    return FusionNet(encoders, n_components, fusion=fusion, n_directions=N_DIRECTIONS)


def wrapped(module):
    """Give a function that trains for some epochs by skorch."""
    training = {**TRAINING, "schedule": None}
    criterion = Classification(2).criterion
    net = make_net(module, criterion, held_out=None, training=training, augmenter=None)
    net.initialize()
    return lambda samples, n_epochs: net.partial_fit(samples, epochs=n_epochs)


def bare(module):
    """Give a function that trains for some epochs by a plain loop."""
    criterion = Classification(2).criterion
    optimizer = torch.optim.AdamW(module.parameters(), lr=TRAINING["lr"], weight_decay=0.01)

    def train(samples, n_epochs):
        module.train()
        for _ in range(n_epochs):
            for rows in torch.randperm(len(samples)).split(TRAINING["batch_size"]):
                inputs, target = samples.__getitems__(rows)
                weight = inputs.pop("weight")
                optimizer.zero_grad()
                (criterion(module(**inputs), target) * weight).mean().backward()
                optimizer.step()

    return train


def time_alternately(trainers, samples, repeats):
    """Give the least time of an epoch of each trainer, by the clock and of all processors."""
    times = {name: [] for name in trainers}
    for train in trainers.values():
        train(samples, 1)
    for _ in range(repeats):
        for name, train in trainers.items():
            clock, processor = time.perf_counter(), time.process_time()
            train(samples, 1)
            times[name].append((time.perf_counter() - clock, time.process_time() - processor))
    return {name: np.min(each, axis=0) for name, each in times.items()}


def run(smoke):
    """Yield the figures."""
    shape, epoch = ((8, 9, 8), (8, 50)) if smoke else ((40, 48, 40), (32, 250))
    samples = make_samples(20 if smoke else 200, shape, epoch)
    repeats = 2 if smoke else 10
    module = make_module(shape, epoch)
    sides = {"skorch": wrapped(module), "bare": bare(make_module(shape, epoch))}
    yield compare("epoch, skorch", time_alternately(sides, samples, repeats), "skorch", "bare")
    fusions = {name: wrapped(make_module(shape, epoch, name)) for name in FUSIONS}
    times = time_alternately(fusions, samples, repeats)
    for name in FUSIONS:
        yield compare(f"epoch, {name}", times, name, "concat")
    yield from whole_fit(shape, epoch, smoke)


def compare(name, times, ours, peer):
    """Make a row of two times; the ratio is that of processor time."""
    return {
        "name": name,
        "value": float(times[ours][0]),
        "peer": float(times[peer][0]),
        "cpu": float(times[ours][1]),
        "peer_cpu": float(times[peer][1]),
        "unit": "s",
        "threads": torch.get_num_threads(),
        "ratio": float(times[ours][1] / times[peer][1]),
    }


def whole_fit(shape, epoch, smoke):
    """Yield cost of a fit and latency of a prediction."""
    data = make_multimodal_classification(
        40 if smoke else 200,
        volume_shape=shape,
        n_channels=epoch[0],
        n_times=epoch[1],
        random_state=0,
    )
    start = time.process_time()
    with peak_anonymous() as peak:
        model = FusionClassifier(random_state=0).fit(data.X, data.target)
    yield {"name": "fit", "value": time.process_time() - start, "unit": "s"}
    yield {"name": "fit, peak memory", "value": peak.bytes / 2**20, "unit": "MB"}
    model._ensemble = replace(model._ensemble, gate=1.0)
    times = []
    for row in range(30):
        sample = data.X[row]
        start = time.perf_counter()
        model.predict_proba(sample)
        times.append(1e3 * (time.perf_counter() - start))
    yield {"name": "predict, one sample", "value": float(np.median(times)), "unit": "ms"}
