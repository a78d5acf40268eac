"""Looks of two sets of images in plain NumPy float64: patch borders, grain, plain background, each relative to the training images.

Input (JSON, stdin): {"samples": n images [H][W][C], "training": m of them, "patchSize": p, "background": [C]}, values 0 to 255.
Output: [value, standard error] by name, null where there is none.
"""
import json
import sys

import numpy as np


def jumps(x, patch):
    """Mean |difference| of neighbours across patch borders and inside patches, [n] each."""
    down, right = np.abs(np.diff(x, axis=1)), np.abs(np.diff(x, axis=2)).swapaxes(1, 2)
    all_jumps = np.concatenate([down, right], axis=2)  # [n, side - 1, 2 side, C]
    is_border = np.arange(1, x.shape[1]) % patch == 0
    return all_jumps[:, is_border].mean((1, 2, 3)), all_jumps[:, ~is_border].mean((1, 2, 3))


def grain(x):
    side = x.shape[1]
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    near = [padded[:, i : i + side, j : j + side] for i in range(3) for j in range(3)]
    return ((x - np.median(near, axis=0)) ** 2).mean((1, 2, 3))


def flat(x, background):
    return (np.abs(x - np.array(background)).max(3) <= 2).mean((1, 2))


def relative(samples, training):
    """Of quotients of means over images, with the error by the delta method. Gradient and covariance, not the formula in the program."""
    values, variances = [], []
    for a, b in (samples, training):
        gradient = np.array([1 / b.mean(), -a.mean() / b.mean() ** 2])
        values.append(a.mean() / b.mean())
        variances.append(gradient @ np.cov(a, b) @ gradient / len(a))
    q, p = values
    return [q / p, np.sqrt(variances[0] / p**2 + q**2 / p**4 * variances[1])]


def main():
    request = json.load(sys.stdin)
    x, y = (np.array(request[name], dtype=np.float64) for name in ("samples", "training"))
    patch, background = request["patchSize"], request["background"]
    plain = lambda of: relative(*((of(z), np.ones(len(z))) for z in (x, y)))
    share = lambda z: flat(z, background)
    has_background = share(y).mean() >= 0.01
    json.dump(
        {
            "borderRatio": relative(jumps(x, patch), jumps(y, patch)),
            "grain": plain(grain),
            "flatBackground": plain(share) if has_background else None,
        },
        sys.stdout,
    )


main()
