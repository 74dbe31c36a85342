"""One member of the ensemble: components, directions and a network, on some of the samples."""

from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np
import torch

from sklearn_neurofuse.neural_network._batches import Augmenter, Samples
from sklearn_neurofuse.neural_network._components import find_axes, make_components
from sklearn_neurofuse.neural_network._encoders import make_encoder
from sklearn_neurofuse.neural_network._folds import hold_out
from sklearn_neurofuse.neural_network._interactions import find_directions
from sklearn_neurofuse.neural_network._skorch import make_net
from sklearn_neurofuse.neural_network.modules import FusionNet

N_FEATURES = 16
_CHUNK = 256


@dataclass(frozen=True)
class Member:
    """A fitted member.

    Attributes
    ----------
    components : dict of str to Components
        Directions, then components, of each modality that has any.
    n_slots : dict of str to int
        How many of them are directions.
    net : MemberNet
        The trained net.
    history : History
        Of its training.
    """

    components: dict
    n_slots: dict
    net: object
    history: object

    def inputs(self, data, present):
        """Make the inputs of the network.

        Parameters
        ----------
        data : dict of str to ndarray of float32
            Standardised samples.
        present : ndarray of bool of shape (n_samples, n_modalities)
            Which samples have which modality.

        Returns
        -------
        dict
            Of tensors.
        """
        scores = {name: each.score(data[name]) for name, each in self.components.items()}
        return make_inputs(data, present, scores, self.n_slots)

    def predict(self, data, present):
        """Give what the network adds to the linear logits.

        Parameters
        ----------
        data : dict of str to ndarray of float32
            Standardised samples.
        present : ndarray of bool of shape (n_samples, n_modalities)
            Which samples have which modality.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
            The correction.
        """
        module = self.net.module_
        if module.training:
            module.eval()
        out = []
        for start in range(0, len(present), _CHUNK):
            rows = slice(start, start + _CHUNK)
            part = {name: x[rows] for name, x in data.items()}
            with torch.inference_mode():
                out.append(module(**self.inputs(part, present[rows])).numpy())
        return np.concatenate(out).astype(np.float64)


def make_inputs(data, present, scores, n_slots):
    """Put the inputs of the network together.

    Parameters
    ----------
    data : dict of str to ndarray of float32
        Standardised samples.
    present : ndarray of bool of shape (n_samples, n_modalities)
        Which samples have which modality.
    scores : dict of str to ndarray of shape (n_samples, n_components)
        Of directions and components.
    n_slots : dict of str to int
        How many of them are directions.

    Returns
    -------
    dict
        Of tensors.
    """
    # standardised samples are arrays of our own, never read-only ones of the caller
    scores = {name: torch.as_tensor(each, dtype=torch.float32) for name, each in scores.items()}
    return {
        "blocks": {name: torch.as_tensor(x) for name, x in data.items()},
        "present": torch.as_tensor(present),
        "scores": scores,
        "directions": {name: each[:, : n_slots[name]] for name, each in scores.items()},
    }


def fit_member(problem, rows, path, folds, seed):
    """Fit one member.

    Parameters
    ----------
    problem : Problem
        All samples.
    rows : ndarray of int
        Samples to fit on.
    path : LinearPath
        Of these samples.
    folds : list of ndarray of int
        Places among them that are left out together.
    seed : int
        Of everything that is drawn.

    Returns
    -------
    Member
        The fitted member.
    """
    data = {name: x[rows] for name, x in problem.data.items()}
    residual = problem.task.residual(path.logits, problem.y[rows]) * problem.weight[rows, None]
    components, scores, n_slots, strength = _describe(problem, data, rows, residual, folds, seed)
    inputs = make_inputs(data, problem.present[rows], scores, n_slots)
    inputs["offset"] = torch.tensor(path.logits, dtype=torch.float32)
    inputs["weight"] = torch.tensor(problem.weight[rows], dtype=torch.float32)
    samples = Samples(inputs, problem.task.as_tensor(problem.y[rows]))
    held_out = hold_out(problem.y[rows], problem.groups_of(rows), seed)
    net = _train(problem, samples, n_slots, strength, held_out)
    history = list(net.history)
    net.module_.to("cpu")
    net.trim_for_prediction()
    return Member(components, n_slots, net, history)


def _describe(problem, data, rows, residual, folds, seed):
    """Find components and directions and give them with their scores of the samples."""
    parts, names = problem.settings.parts, list(data)
    if not {"components", "products"} & set(parts):
        return {}, {}, dict.fromkeys(names, 0), {}
    axes = {name: _find_axes(problem, data, rows, i, seed) for i, name in enumerate(names)}
    mixed = {name: [] for name in names}
    scores = {name: [] for name in names}
    strength = {}
    if "products" in parts:
        strength = _add_directions(problem, axes, rows, residual, folds, mixed, scores)
    n_slots = {name: sum(each.shape[1] for each in mixed[name]) for name in names}
    if "components" in parts:
        for name in names:
            back = np.zeros((axes[name].scores.shape[1], axes[name].n_components))
            back[: axes[name].n_components] = axes[name].unmixing
            mixed[name].append(back)
            scores[name].append(axes[name].independent)
    flat = {name: x.reshape(len(x), -1) for name, x in data.items()}
    components = {
        name: make_components(flat[name], axes[name], np.hstack(mixed[name]))
        for name in names
        if mixed[name]
    }
    return components, {name: np.hstack(scores[name]) for name in components}, n_slots, strength


def _find_axes(problem, data, rows, i, seed):
    """Find axes on samples that have the modality; the scores of others are zero."""
    name = problem.layout.names[i]
    there = problem.present[rows, i]
    chosen = rows[there]
    gram = problem.grams[name][np.ix_(chosen, chosen)]
    flat = data[name][there].reshape(len(chosen), -1)
    axes = find_axes(flat, gram, problem.settings.n_components, seed)
    scores = np.zeros((len(rows), axes.scores.shape[1]))
    scores[there] = axes.scores
    return replace(axes, scores=scores)


def _add_directions(problem, axes, rows, residual, folds, mixed, scores):
    """Add the directions of every pair of modalities and give the strengths of their products."""
    names = list(axes)
    found = {}
    for i, j in combinations(range(len(names)), 2):
        both = problem.present[rows, i] & problem.present[rows, j]
        left = np.where(both[:, None], residual, 0.0)
        found[i, j] = find_directions(axes[names[i]], axes[names[j]], left, folds)
    for i, (pair, each) in product(range(len(names)), found.items()):
        if i in pair:
            side = pair.index(i)
            mixed[names[i]].append((each.first, each.second)[side])
            scores[names[i]].append(each.scores[side])
    return {pair: each.strength for pair, each in found.items()}


def make_module(layout, settings, n_outputs, n_scores, n_slots):
    """Make the network of a member, its weights drawn at random.

    Parameters
    ----------
    layout : Layout
        Of the samples.
    settings : Settings
        What the user chose.
    n_outputs : int
        Number of logits.
    n_scores, n_slots : dict of str to int
        Number of directions and components, and of directions alone, of each modality.

    Returns
    -------
    FusionNet
        The network.
    """
    encoders = dict.fromkeys(layout.names)
    if "encoders" in settings.parts:
        encoders = {
            name: make_encoder(kind, layout.spaces[name], layout.shapes[name], N_FEATURES)
            for name, kind in settings.encoders.items()
        }
    return FusionNet(
        encoders,
        {name: n_scores.get(name, 0) for name in layout.names},
        n_outputs,
        fusion=settings.fusion,
        n_features=N_FEATURES,
        n_directions=n_slots[layout.names[0]] // max(len(layout.names) - 1, 1),
    )


def _train(problem, samples, n_slots, strength, held_out):
    settings = problem.settings
    n_scores = {name: each.shape[1] for name, each in samples.inputs["scores"].items()}
    module = make_module(problem.layout, settings, problem.task.n_outputs, n_scores, n_slots)
    for pair, each in enumerate(strength.values()):
        module.products.set_strength(pair, problem.task.curvature * each)
    epochs = [name for name, kind in settings.encoders.items() if kind == "lstm"]
    net = make_net(
        module,
        problem.task.criterion,
        held_out=held_out,
        training=settings.training,
        augmenter=Augmenter(**settings.augmentation, epochs=tuple(epochs)),
    )
    return net.fit(samples, None)
