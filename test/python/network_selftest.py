"""Properties that the package's U-ViT must have by the method."""

from dataclasses import replace

import torch

from maskdm_torch.networks import NetworkShape, network_of
from maskdm_torch.networks.blocks import timestep_embedding
from maskdm_torch.networks.initial_weights import initialise
from maskdm_torch.objective import image_losses
from maskdm_torch.tokens import gather_tokens, images_to_tokens, tokens_to_images

PLAIN = NetworkShape(image_size=12, channels=3, patch_size=3, embed_dim=24, depth=5, num_heads=3)
LABELLED = replace(PLAIN, depth=4, qkv_bias=True, time_embedding="mlp", num_classes=4, channels=1, patch_size=2)


def make(shape: NetworkShape) -> torch.nn.Module:
    model = network_of(shape)
    initialise(model, shape, 3)
    model.double()
    for parameter in model.parameters():  # biases and norms away from 0 and 1
        parameter.add_(0.05 * torch.randn_like(parameter))
    return model


def inputs(shape: NetworkShape, visible_tokens: int = 5):
    x = torch.randn(3, shape.image_size, shape.image_size, shape.channels, dtype=torch.float64)
    visible = torch.stack([torch.randperm(shape.tokens)[:visible_tokens].sort().values for _ in range(3)])
    return images_to_tokens(x, shape.patch_size), torch.tensor([0, 17, 999]), visible


def predict(model: torch.nn.Module, tokens, timesteps, visible, labels=None) -> torch.Tensor:
    return model(gather_tokens(tokens, visible), visible, timesteps, labels)


def same(a: torch.Tensor, b: torch.Tensor) -> None:
    assert a.shape == b.shape and (a - b).abs().max() < 1e-12, (a.shape, b.shape, (a - b).abs().max())


def differs(a: torch.Tensor, b: torch.Tensor) -> None:
    assert (a - b).abs().max() > 1e-6


def patch_embedding_equals_the_convolution() -> None:
    embed = make(PLAIN).encoder.patch_embed
    tokens, _, _ = inputs(PLAIN)
    convolved = embed.proj(tokens_to_images(tokens, 3, 3).permute(0, 3, 1, 2)).flatten(2).transpose(1, 2)
    same(embed(tokens), convolved)


def tokens_are_rows_columns_channels() -> None:
    x = torch.randn(2, 12, 12, 3)
    tokens = images_to_tokens(x, 3)
    assert tokens.shape == (2, 16, 27)
    same(tokens[1, 6], x[1, 3:6, 6:9].flatten())
    same(tokens_to_images(tokens, 3, 3), x)


def hidden_patches_do_not_matter() -> None:
    model = make(PLAIN)
    tokens, t, visible = inputs(PLAIN)
    before = predict(model, tokens, t, visible)
    shown = torch.zeros(3, 16, dtype=torch.bool).scatter(1, visible, True)
    tokens[~shown] = 99
    same(predict(model, tokens, t, visible), before)


def visible_patches_matter_and_keep_their_places() -> None:
    model = make(PLAIN)
    tokens, t, visible = inputs(PLAIN)
    before = predict(model, tokens, t, visible)
    order = torch.tensor([4, 2, 0, 1, 3])
    same(predict(model, tokens, t, visible[:, order]), before[:, order])
    patches = gather_tokens(tokens, visible)
    differs(model(patches, (visible + 1) % 16, t), before)
    differs(model(patches, visible, (t - 1).clamp(min=0)), before)


def a_route_around_nothing_is_the_plain_network() -> None:
    plain, routed = make(PLAIN), make(replace(PLAIN, mode="route"))
    routed.load_state_dict(plain.state_dict())
    tokens, t, visible = inputs(PLAIN)
    everything = torch.arange(16).expand(3, -1)
    same(routed(tokens, everything, t), plain(tokens, everything, t))
    differs(routed(tokens, visible, t), plain(tokens, everything, t))


def labels_and_dropped_labels() -> None:
    model = make(LABELLED)
    tokens, t, visible = inputs(LABELLED)

    def of(*labels: int) -> torch.Tensor:
        return predict(model, tokens, t, visible, torch.tensor(labels))

    differs(of(0, 1, 2)[0], of(3, 1, 2)[0])
    same(of(0, 1, 2)[1:], of(3, 1, 2)[1:])
    same(of(4, 4, 4), of(-1, -1, -1))
    same(of(4, 4, 4), predict(model, tokens, t, visible))
    differs(of(4, 4, 4), of(0, 0, 0))


def cosines_come_first() -> None:
    embedding = timestep_embedding(torch.tensor([0, 1]), 8)
    same(embedding[0], torch.tensor([1, 1, 1, 1, 0, 0, 0, 0], dtype=torch.float64))
    frequencies = torch.tensor([1, 0.1, 0.01, 0.001], dtype=torch.float64)
    same(embedding[1], torch.cat([frequencies.cos(), frequencies.sin()]))


def long_skips_join_the_matching_blocks() -> None:
    """The last out-block hears of the first in-block."""
    model = make(PLAIN)
    seen = []
    model.encoder.in_blocks[0].register_forward_hook(lambda _m, _i, out: seen.append(out))
    model.encoder.out_blocks[1].skip_linear.register_forward_hook(lambda _m, ins, _o: seen.append(ins[0]))
    predict(model, *inputs(PLAIN))
    same(seen[1][..., PLAIN.embed_dim :], seen[0])


def loss_is_the_weighted_mean() -> None:
    output, target = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    weights = torch.tensor([1.0, 3.0])
    losses = image_losses(output, target, weights)
    for b in range(2):
        assert abs(losses[b] - weights[b] * ((target[b] - output[b]) ** 2).sum() / 12) < 1e-5


CHECKS = [
    patch_embedding_equals_the_convolution,
    tokens_are_rows_columns_channels,
    hidden_patches_do_not_matter,
    visible_patches_matter_and_keep_their_places,
    a_route_around_nothing_is_the_plain_network,
    labels_and_dropped_labels,
    cosines_come_first,
    long_skips_join_the_matching_blocks,
    loss_is_the_weighted_mean,
]


def run() -> "list[str]":
    """Names of the checks, once all held."""
    torch.manual_seed(0)
    with torch.no_grad():
        for check in CHECKS:
            check()
    return [check.__name__ for check in CHECKS]
