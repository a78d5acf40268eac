"""Archives that lie side by side and are one set of images: shards."""

from __future__ import annotations

import json
import os
import re

from .archive import ArchiveError
from .name_order import by_bytes

#: More are a mistake in the range.
_MAX_SHARDS = 100_000


def shards_of(path: str) -> list[str] | None:
    """The archives that a pattern names in the last part of a path: `{000..009}` for numbers, `{a,b}` for words, `*`
    for any characters. None: it is no pattern, or its folder is missing."""
    folder, pattern = os.path.split(path)
    if not re.search(r"[{*]", pattern) or not os.path.isdir(folder):
        return None
    names: set[str] = set()
    for name in _expand_braces(pattern):
        if "*" in name:
            names.update(_matching(folder, name))
        elif os.path.exists(os.path.join(folder, name)):
            names.add(name)
        else:
            raise ArchiveError(
                f"there is no {json.dumps(name)} among its files. Correct the pattern, or copy that file there."
            )
    if not names:
        raise ArchiveError("no file matches the pattern. Correct it, or copy the files there.")
    return [os.path.join(folder, name) for name in sorted(names, key=by_bytes)]


def shards_in(folder: str) -> list[str] | None:
    """The shards that lie in a folder without images; None: there are none. Raises ArchiveError where they are of
    several kinds, or of several parts of a data set, such as train and test."""
    names = [name for name in os.listdir(folder) if re.match(r"[^.].*\.(tar|parquet)$", name, re.IGNORECASE)]
    if not names:
        return None
    kinds = sorted({f"{_part(name)}*{name[name.rindex('.') :]}" for name in names})
    if len(kinds) > 1:
        patterns = ", ".join(json.dumps(kind) for kind in kinds)
        example = json.dumps(os.path.join(os.path.basename(folder), kinds[-1]))
        raise ArchiveError(
            f"it holds archives that may not belong together: {patterns}. Name one of these patterns after the folder, "
            f"such as {example}."
        )
    return [os.path.join(folder, name) for name in sorted(names, key=by_bytes)]


def _part(name: str) -> str:
    """`train-` of train-00000-of-00010.parquet: all up to the first number."""
    found = re.match(r"\D*", name[: name.rindex(".")])
    return found[0] if found else ""


def _matching(folder: str, pattern: str) -> list[str]:
    expression = re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.DOTALL)
    return [name for name in os.listdir(folder) if not name.startswith(".") and expression.fullmatch(name)]


def _expand_braces(text: str) -> list[str]:
    found = re.search(r"\{([^{}]*)\}", text)
    choices = None if found is None else _choices(found[1])
    if found is None or choices is None:
        return [text]
    return [name for choice in choices for name in _expand_braces(text[: found.start()] + choice + text[found.end() :])]


def _choices(inner: str) -> list[str] | None:
    found = re.fullmatch(r"(\d+)\.\.(\d+)", inner, re.ASCII)
    if found is None:
        return inner.split(",") if "," in inner else None
    first, last = int(found[1]), int(found[2])
    if last < first or last - first >= _MAX_SHARDS:
        return None
    digits = len(found[1]) if found[1].startswith("0") else 0
    return [str(number).zfill(digits) for number in range(first, last + 1)]
