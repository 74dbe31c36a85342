"""The torch modules: shapes, gradients, attention, skorch."""

import numpy as np
import pytest
import torch
from skorch import NeuralNetClassifier

from sklearn_neurofuse.neural_network.modules import (
    AttentionFusion,
    ConcatFusion,
    FeatureEncoder,
    FusionNet,
    ProductPath,
    PyramidFusion,
    SequenceEncoder,
    VolumeEncoder,
)

ENCODERS = [
    (lambda: VolumeEncoder((8, 9, 7)), (8, 9, 7)),
    (lambda: VolumeEncoder((4, 4, 4)), (4, 4, 4)),
    (lambda: SequenceEncoder(3, 100), (3, 100)),
    (lambda: SequenceEncoder(3, 1000), (3, 1000)),
    (lambda: SequenceEncoder(3, 20, bidirectional=False), (3, 20)),
    (lambda: FeatureEncoder(30), (5, 6)),
]
FUSIONS = {
    "attention": lambda: AttentionFusion({"fmri": 8, "eeg": 5}),
    "concat": lambda: ConcatFusion({"fmri": 8, "eeg": 5}),
    "pyramid": lambda: PyramidFusion({"fmri": [(2, 2, 2)], "eeg": [(), (4,)]}),
}


def make_net(fusion="attention", n_outputs=1):
    torch.random.default_generator.manual_seed(0)
    encoders = {"fmri": VolumeEncoder((8, 9, 8)), "eeg": SequenceEncoder(3, 40)}
    n_components = {"fmri": 8, "eeg": 7}
    return FusionNet(encoders, n_components, n_outputs, fusion=fusion, n_directions=2 * n_outputs)


def make_inputs(n=4, n_outputs=1):
    generator = torch.Generator().manual_seed(1)
    scores = {
        "fmri": torch.randn(n, 8, generator=generator),
        "eeg": torch.randn(n, 7, generator=generator),
    }
    return {
        "blocks": {
            "fmri": torch.randn(n, 8, 9, 8, generator=generator),
            "eeg": torch.randn(n, 3, 40, generator=generator),
        },
        "present": torch.ones(n, 2, dtype=bool),
        "scores": scores,
        "directions": {name: each[:, : 2 * n_outputs] for name, each in scores.items()},
    }


@pytest.mark.parametrize(("make", "shape"), ENCODERS)
@pytest.mark.parametrize("n", [1, 3])
def test_encoders_give_a_token_for_each_place_of_their_grid(make, shape, n):
    encoder = make()
    assert encoder(torch.zeros(n, *shape)).shape == (n, int(np.prod(encoder.grid)), 16)


def test_sequences_of_any_length_give_a_bounded_number_of_steps():
    for n_times in (20, 250, 1000):
        assert 20 <= SequenceEncoder(3, n_times).grid[0] <= 64


def test_volume_encoder_reads_masked_vectors_as_the_volume_they_come_from():
    mask = np.zeros((8, 9, 7), bool)
    mask[2:6, 3:7, 1:5] = True
    whole = torch.zeros(2, 8, 9, 7)
    whole[:, torch.as_tensor(mask)] = torch.randn(2, int(mask.sum()))
    encoder, masked = VolumeEncoder((8, 9, 7)), VolumeEncoder((8, 9, 7), mask=mask)
    masked.load_state_dict({**encoder.state_dict(), "voxels": masked.voxels})
    vectors = whole[:, torch.as_tensor(mask)]
    torch.testing.assert_close(masked(vectors), encoder(whole))


@pytest.mark.parametrize("fusion", FUSIONS)
def test_fusions_hide_what_is_missing(fusion, tokens):
    made, present = tokens
    module = FUSIONS[fusion]()
    before, _ = module(made, present)
    assert before.shape == (6, module.n_outputs)
    changed = {name: x.clone() for name, x in made.items()}
    changed["fmri"][1] = 99.0
    changed["eeg"][2] = 99.0
    torch.testing.assert_close(module(changed, present)[0], before)


def test_attention_sums_to_one_over_what_is_present(tokens):
    made, present = tokens
    _, weights = AttentionFusion({"fmri": 8, "eeg": 5})(made, present)
    assert weights.shape == (6, 4, 13)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(6, 4))
    assert weights[1, :, :8].abs().max() == 0
    assert weights[2, :, 8:].abs().max() == 0
    nothing = AttentionFusion({"fmri": 8, "eeg": 5})(made, torch.zeros(6, 2, dtype=bool))
    assert nothing[1].abs().max() == 0


def test_attention_multiplies_modalities(tokens):
    made, present = tokens
    module = AttentionFusion({"fmri": 8, "eeg": 5})
    fused, _ = module(made, present)
    assert (fused[1:3, 16:] == 0).all(), "a product without one factor is zero"
    assert (fused[3:, 16:] != 0).all()


def test_pyramid_pools_at_its_scales():
    module = PyramidFusion({"eeg": [(8,)]}, n_features=2, scales=(1, 2))
    ramp = torch.arange(8.0)[None, :, None].expand(1, 8, 2)
    cells = module._pool(ramp, (8,))
    torch.testing.assert_close(cells, torch.tensor([[3.5, 3.5, 1.5, 5.5, 1.5, 5.5]]))


def test_products_are_products():
    path = ProductPath({"a": 2, "b": 3, "c": 2}, n_directions=1, n_outputs=1)
    scores = {name: torch.zeros(4, n) for name, n in {"a": 2, "b": 3, "c": 2}.items()}
    # of each modality the directions for its partners, in order
    directions = {name: torch.zeros(4, 2) for name in scores}
    directions["a"][:, 1], directions["c"][:, 0] = 2.0, -1.0
    present = torch.ones(4, 3, dtype=bool)
    present[3, 2] = False
    expected = np.tanh(2.0) * np.tanh(-1.0) * np.array([1, 1, 1, 0])
    found = path(scores, directions, present).detach().numpy()[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    read = path.attend(scores, directions, present)
    assert read["b"].abs().max() == 0
    np.testing.assert_allclose(read["a"][0].sum().item(), 0.5, rtol=1e-6)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_gradients_reach_every_parameter(fusion):
    net = make_net(fusion)
    torch.nn.init.ones_(net.head.weight)
    inputs = make_inputs()
    inputs["present"][0, 0] = inputs["present"][1, 1] = False  # for the stand-ins
    net(**inputs).pow(2).sum().backward()
    without = [n for n, p in net.named_parameters() if p.grad is None or not p.grad.abs().any()]
    assert without == []


@pytest.mark.parametrize("fusion", FUSIONS)
def test_eight_samples_are_overfitted(fusion):
    net, inputs = make_net(fusion), make_inputs(8)
    target = torch.tensor([0.0, 1.0] * 4)[:, None]
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    loss = torch.nn.BCEWithLogitsLoss()
    for _ in range(60):
        optimizer.zero_grad()
        error = loss(net(**inputs), target)
        error.backward()
        optimizer.step()
    assert error < 0.05


def test_the_network_starts_from_its_products():
    net, inputs = make_net(n_outputs=3).eval(), make_inputs(n_outputs=3)
    products = net.products(inputs["scores"], inputs["directions"], inputs["present"])
    torch.testing.assert_close(net(**inputs), products)
    offset = torch.randn(4, 3)
    torch.testing.assert_close(net(**inputs, offset=offset), products + offset)


def test_attention_of_the_network_sums_to_one():
    parts = make_net().eval().attend(**make_inputs())
    total = sum(part.sum(dim=1) for each in parts.values() for part in each)
    torch.testing.assert_close(total, torch.ones(4))
    with pytest.raises(ValueError, match="no attention"):
        make_net("concat").attend(**make_inputs())


class Averaged(torch.nn.Module):
    """An encoder with a mean and a linear layer, as anybody may write it."""

    def __init__(self):
        super().__init__()
        self.encoder, self.head = SequenceEncoder(3, 40), torch.nn.Linear(16, 2)

    def forward(self, x):
        return self.head(self.encoder(x).mean(dim=1))


def test_modules_work_with_plain_skorch(rng):
    X = rng.standard_normal((20, 3, 40)).astype(np.float32)
    y = np.tile([0, 1], 10)
    X[:, 1] += 3.0 * y[:, None]
    criterion = torch.nn.CrossEntropyLoss
    net = NeuralNetClassifier(
        Averaged, criterion=criterion, lr=0.3, max_epochs=20, train_split=None, verbose=0
    )
    assert net.fit(X, y).score(X, y) > 0.9
