"""Reads the JSON documents of a run folder: expected absence and damage are a value, as they are no error of this
program."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

from .json_schema import complete, load_schema

RUN_FORMAT_VERSION = 1
_LARGEST = 16 * 2**20


class Unreadable(Exception):
    """Why a document cannot be used, such as "run.json is missing"."""


def read_plain_file(path: Path) -> bytes:
    """A file of a run folder, whatever has been put in its place: a pipe would hold up the process. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(fd, "rb") as file:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
            raise OSError(f"{path} is no plain file of a usual size")
        return file.read()


def read_document(path: Path, schema: str | None = None) -> dict[str, Any]:
    """A JSON document. schema: name in schema/ that it has to fit. Raises Unreadable."""
    name = path.name
    try:
        value = json.loads(read_plain_file(path).decode("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise Unreadable(f"{name} is missing") from None
    except OSError as error:
        raise Unreadable(f"{name} cannot be read ({error.strerror or error})") from None
    except (ValueError, RecursionError):
        raise Unreadable(f"{name} is not valid JSON") from None
    if not isinstance(value, dict):
        raise Unreadable(f"{name} is not valid JSON")
    version = value.get("formatVersion")
    if isinstance(version, int) and version > RUN_FORMAT_VERSION:
        raise Unreadable(
            f"{name} has run format {version}, newer than the {RUN_FORMAT_VERSION} this version reads; update MaskDM"
        )
    problems = [] if schema is None else complete(load_schema(schema), value)[1]
    if problems:
        raise Unreadable(f"{name} field {'.'.join(problems[0].path)}: {problems[0].message}")
    return value
