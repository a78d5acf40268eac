"""Distances of two sets of features in plain NumPy float64, from the published definitions.

Input (JSON, stdin): {"samples": [[...]], "training": [[...]], "components": k or null}. Output: their values by name.
With --libraries also those of torchmetrics, torch-fidelity and prdc, where they are installed.
"""
import json
import sys

import numpy as np


def kid(x, y):
    d = x.shape[1]
    k = lambda a, b: (a @ b.T / d + 1) ** 3
    n, m = len(x), len(y)
    xx, yy = k(x, x), k(y, y)
    within = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1))
    return within - 2 * k(x, y).mean()


def frechet(x, y):
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    roots = np.sqrt(np.linalg.eigvals(a @ b).astype(complex)).real.sum()
    return ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a) + np.trace(b) - 2 * roots


def reduced(x, y, k):
    _, _, directions = np.linalg.svd(y - y.mean(0), full_matrices=False)
    return tuple((z - y.mean(0)) @ directions[:k].T for z in (x, y))


def distances(a, b):
    return np.sqrt(((a[:, None, :] - b[None, :, :]) ** 2).sum(-1))


def manifold(x, y):
    xx, yy, xy = distances(x, x), distances(y, y), distances(x, y)
    radius = lambda square, k: np.sort(square, axis=1)[:, k]  # place 0 is the image itself
    r3x, r3y, r5y = radius(xx, 3), radius(yy, 3), radius(yy, 5)
    return {
        "precision": (xy <= r3y[None, :]).any(1).mean(),
        "recall": (xy <= r3x[:, None]).any(0).mean(),
        "density": (xy < r5y[None, :]).sum(1).mean() / 5,
        "coverage": (xy.min(0) < r5y).mean(),
    }


def near_copies(x, y):
    """Share of x whose nearest y is less than a third as far as the second (arXiv 2505.17638), or at no distance."""
    first, second = np.sort(distances(x, y), axis=1)[:, :2].T
    return ((first == 0) | (first < second / 3)).mean()


def libraries(x, y):
    """The same values, named after who computed them; the kernel distance of both wants sets of one size."""
    import torch
    from prdc import compute_prdc
    from torch_fidelity import metric_fid, metric_kid, metric_prc
    from torchmetrics.image.fid import _compute_fid
    from torchmetrics.image.kid import poly_mmd

    tx, ty = torch.from_numpy(x), torch.from_numpy(y)
    statistics = [metric_fid.fid_features_to_statistics(z) for z in (tx, ty)]
    precise = metric_prc.prc_features_to_metric(
        tx, ty, prc_neighborhood=3, prc_batch_size=10000, save_cpu_ram=False, verbose=False
    )
    dense = compute_prdc(y, x, 5)
    n = min(len(x), len(y))
    kernel = lambda a, b: metric_kid.kernel_poly(
        a[:n], b[:n], kid_kernel_poly_degree=3, kid_kernel_poly_gamma=None, kid_kernel_poly_coef0=1
    )
    return {
        "frechet": {
            "torchmetrics": _compute_fid(tx.mean(0), tx.T.cov(), ty.mean(0), ty.T.cov()).item(),
            "torch-fidelity": metric_fid.fid_statistics_to_metric(*statistics, False)["frechet_inception_distance"],
        },
        f"kid of {n} each": {
            "here": kid(x[:n], y[:n]),
            "torchmetrics": poly_mmd(tx[:n], ty[:n]).item(),
            "torch-fidelity": float(metric_kid.mmd2(kernel(x, x), kernel(x, y), kernel(y, y))),
        },
        "precision": {"torch-fidelity": float(precise["precision"])},
        "recall": {"torch-fidelity": float(precise["recall"])},
        "density": {"prdc": float(dense["density"])},
        "coverage": {"prdc": float(dense["coverage"])},
    }


def main():
    request = json.load(sys.stdin)
    x, y = (np.array(request[name], dtype=np.float64) for name in ("samples", "training"))
    k = request.get("components")
    values = {"kid": kid(x, y), "frechet": frechet(*(reduced(x, y, k) if k else (x, y))), **manifold(x, y)}
    values["nearCopies"] = near_copies(x, y)
    values["nearest"] = distances(x, y).argmin(1).tolist()
    if "--libraries" in sys.argv:
        values["libraries"] = libraries(x, y)
    json.dump(values, sys.stdout)


main()
