"""What the PyTorch engine makes of folders of images. Input (JSON, stdin): [{"text": an experiment, "base": its folder}, …]; output, of each:
{"paths", "labels", "digests", "heldOut": paths, "classes", "broken": paths, "notes", "decoder", "pixels": base64} or {"error"}."""
import base64
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "src" / "torch"))

from maskdm_torch.dataset import open_dataset
from maskdm_torch.errors import UserError
from maskdm_torch.experiment import parse_experiment


def opened(request):
    try:
        experiment = parse_experiment(request["text"])
        data = open_dataset(experiment, Path(request["base"]), None, lambda line: None, lambda done, total: None)
    except UserError as error:
        return {"error": str(error)}
    return {
        "paths": data.training.paths,
        "labels": data.training.labels.tolist(),
        "digests": [digest.hex() for digest in data.training.digests],
        "heldOut": data.held_out.paths,
        "classes": data.classes or [],
        "broken": [path for path, _ in data.broken],
        "notes": data.notes,
        "decoder": data.decoder,
        "pixels": base64.b64encode(data.training.take(np.arange(len(data.training))).tobytes()).decode(),
    }


json.dump([opened(request) for request in json.load(sys.stdin)], sys.stdout)
