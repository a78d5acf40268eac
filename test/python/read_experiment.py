"""What the PyTorch engine reads out of experiment texts. Input (JSON, stdin): [{"text": …, "set": [[key, value], …]}, …]; output, of each:
{"values": by dotted key, "text": with the overrides written in} or {"error": …}."""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "src" / "torch"))

from maskdm_torch.errors import UserError
from maskdm_torch.experiment import keys_of, parse_experiment
from maskdm_torch.overrides import Override, apply_overrides


def read(request):
    overrides = [Override(*entry) for entry in request.get("set", [])]
    try:
        values = keys_of(parse_experiment(request["text"], overrides, "file"))
        return {"values": values, "text": apply_overrides(request["text"], overrides)}
    except UserError as error:
        return {"error": str(error)}


json.dump([read(request) for request in json.load(sys.stdin)], sys.stdout)
