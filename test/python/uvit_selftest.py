"""Properties that the reference U-ViT must have by the method."""

from dataclasses import replace

import torch

from uvit import UViT, UViTConfig, gather_tokens, images_to_tokens, masked_loss, timestep_embedding

PLAIN = UViTConfig(image_size=12, channels=3, patch_size=3, embed_dim=24, depth=5, num_heads=3)
LABELLED = replace(PLAIN, depth=4, qkv_bias=True, time_embedding="mlp", num_classes=4, channels=1, patch_size=2)


def make(config: UViTConfig) -> UViT:
    model = UViT(config).initialise(3).double()
    with torch.no_grad():
        for parameter in model.parameters():  # biases and norms away from 0 and 1
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model


def inputs(config: UViTConfig, visible_tokens: int = 5):
    x = torch.randn(3, config.image_size, config.image_size, config.channels, dtype=torch.float64)
    visible = torch.stack([torch.randperm(config.tokens)[:visible_tokens].sort().values for _ in range(3)])
    return x, torch.tensor([0, 17, 999]), visible


def same(a: torch.Tensor, b: torch.Tensor) -> None:
    assert a.shape == b.shape and (a - b).abs().max() < 1e-12, (a.shape, b.shape, (a - b).abs().max())


def differs(a: torch.Tensor, b: torch.Tensor) -> None:
    assert (a - b).abs().max() > 1e-6


def patch_embedding_equals_the_convolution() -> None:
    model = make(PLAIN)
    x, _, _ = inputs(PLAIN)
    embed = model.encoder.patch_embed
    convolved = embed.proj(x.permute(0, 3, 1, 2)).flatten(2).transpose(1, 2)
    same(embed(images_to_tokens(x, PLAIN.patch_size)), convolved)


def output_is_read_as_rows_columns_channels() -> None:
    x, _, _ = inputs(PLAIN)
    tokens = images_to_tokens(x, 3)
    same(tokens[1, 6], x[1, 3:6, 6:9])
    assert tokens.flatten(2).shape == (3, 16, 27)


def hidden_patches_do_not_matter() -> None:
    model = make(PLAIN)
    x, t, visible = inputs(PLAIN)
    before = model.predict_images(x, t, visible)
    tokens = images_to_tokens(x, 3)
    shown = torch.zeros(3, 16, dtype=torch.bool).scatter(1, visible, True)
    tokens[~shown] = 99
    same(model(gather_tokens(tokens, visible), t, visible), before)


def visible_patches_matter_and_keep_their_places() -> None:
    model = make(PLAIN)
    x, t, visible = inputs(PLAIN)
    before = model.predict_images(x, t, visible)
    order = torch.tensor([4, 2, 0, 1, 3])
    same(model.predict_images(x, t, visible[:, order]), before[:, order])
    tokens = gather_tokens(images_to_tokens(x, 3), visible)
    differs(model(tokens, t, (visible + 1) % 16), before)
    differs(model(tokens, t + 1, visible), before)


def all_visible_is_the_whole_image() -> None:
    model = make(PLAIN)
    x, t, _ = inputs(PLAIN)
    everything = torch.arange(16).expand(3, -1)
    same(model.predict_images(x, t, everything), model(images_to_tokens(x, 3), t, everything))


def both_attention_kernels_agree() -> None:
    for config in (PLAIN, LABELLED):
        model = make(config)
        other = UViT(replace(config, attention="sdpa")).double()
        other.load_state_dict(model.state_dict(), strict=True)
        x, t, visible = inputs(config)
        same(model.predict_images(x, t, visible), other.predict_images(x, t, visible))


def labels_and_dropped_labels() -> None:
    model = make(LABELLED)
    x, t, visible = inputs(LABELLED)

    def predict(*labels: int) -> torch.Tensor:
        return model.predict_images(x, t, visible, torch.tensor(labels))

    differs(predict(0, 1, 2)[0], predict(3, 1, 2)[0])
    same(predict(0, 1, 2)[1:], predict(3, 1, 2)[1:])
    same(predict(4, 4, 4), predict(-1, -1, -1))
    same(predict(4, 4, 4), model.predict_images(x, t, visible))
    differs(predict(4, 4, 4), predict(0, 0, 0))


def cosines_come_first() -> None:
    embedding = timestep_embedding(torch.tensor([0, 1]), 8)
    same(embedding[0], torch.tensor([1, 1, 1, 1, 0, 0, 0, 0], dtype=torch.float64))
    frequencies = torch.tensor([1, 0.1, 0.01, 0.001], dtype=torch.float64)
    same(embedding[1], torch.cat([frequencies.cos(), frequencies.sin()]))


def long_skips_join_the_matching_blocks() -> None:
    """The last out-block hears of the first in-block: silence it, and only that block's skip weights stop mattering."""
    model = make(PLAIN)
    x, t, visible = inputs(PLAIN)
    seen = []
    model.encoder.in_blocks[0].register_forward_hook(lambda _m, _i, out: seen.append(out))
    model.encoder.out_blocks[1].skip_linear.register_forward_hook(lambda _m, ins, _o: seen.append(ins[0]))
    model.predict_images(x, t, visible)
    same(seen[1][..., PLAIN.embed_dim :], seen[0])


def loss_is_the_weighted_mean() -> None:
    output, target = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
    weights = torch.tensor([1.0, 3.0])
    by_hand = sum(weights[b] * ((target[b] - output[b]) ** 2).sum() / 12 for b in range(2)) / 2
    assert abs(masked_loss(output, target, weights) - by_hand) < 1e-5


CHECKS = [
    patch_embedding_equals_the_convolution,
    output_is_read_as_rows_columns_channels,
    hidden_patches_do_not_matter,
    visible_patches_matter_and_keep_their_places,
    all_visible_is_the_whole_image,
    both_attention_kernels_agree,
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
