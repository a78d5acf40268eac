"""YAML 1.2 (core schema) to plain values with the places they stand at, and plain values to YAML text."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

import yaml

Path = tuple[str, ...]

MAX_CHARACTERS = 32 * 1024
MAX_DEPTH = 12
MAX_VALUES = 20_000

_CORE_TAGS = tuple(f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "str", "int", "float", "bool", "null"))


class _CoreLoader(yaml.SafeLoader):
    """PyYAML reads YAML 1.1, where 2e-4 is a text and off is false; these resolvers are those of YAML 1.2."""


_CoreLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    (
        "float",
        r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        list("-+.0123456789"),
    ),
):
    _CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)

#: Control characters, a carriage return without a line feed, and what stands for bytes that are no UTF-8.
_UNREADABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]|\r(?!\n)")


class YamlProblem(Exception):
    """What is wrong with a text as YAML; line and column count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


@dataclass(frozen=True)
class YamlReading:
    """value: plain values, whole numbers as int however they are written; root: the node they were made of (None: empty
    text)."""

    text: str
    value: Any
    root: yaml.Node | None
    places: dict[Path, tuple[int, int]]

    def place(self, path: Path) -> tuple[int, int]:
        """Line and column of a key's value, or of the nearest section above it that is there."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))


def read_yaml(text: str) -> YamlReading:
    """Reads one document. Raises YamlProblem."""
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_CHARACTERS:
        raise YamlProblem(
            f"The file has {len(text)} characters; at most {MAX_CHARACTERS} are read. Is this the right file?"
        )
    unreadable = _UNREADABLE.search(text)
    if unreadable is not None:
        before = text[: unreadable.start()]
        message = "A byte here is no character of a text. Save the file as UTF-8, with LF or CRLF line ends."
        raise YamlProblem(message, before.count("\n") + 1, len(before) - before.rfind("\n"))
    try:
        root = yaml.compose(text, Loader=_CoreLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise YamlProblem(f"This is not valid YAML: {error.problem or error.context}.", *place) from None
    except yaml.YAMLError as error:
        raise YamlProblem(f"This is not valid YAML: {str(error).splitlines()[0]}.") from None
    except RecursionError:
        raise YamlProblem("The file is nested too deeply to be read; a file of this kind needs a few levels.") from None
    places: dict[Path, tuple[int, int]] = {}
    value = None if root is None else _Conversion(places).convert(root, (), 0)
    return YamlReading(text, value, root, places)


class _Conversion:
    def __init__(self, places: dict[Path, tuple[int, int]]) -> None:
        self.places = places
        self.values = 0

    def convert(self, node: yaml.Node, path: Path, depth: int) -> Any:
        self.values += 1
        if depth > MAX_DEPTH or self.values > MAX_VALUES:
            raise _at(node, "Values are nested too deeply, or too many; a file of this kind needs a few levels.")
        if node.tag not in _CORE_TAGS:
            raise _at(node, f"The tag {node.tag.replace('tag:yaml.org,2002:', '!!')} has no meaning here; remove it.")
        self.places.setdefault(path, _place(node))
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.convert(item, (*path, str(i)), depth + 1) for i, item in enumerate(node.value)]
        return _scalar(node)

    def mapping(self, node: yaml.MappingNode, path: Path, depth: int) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            name = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if name is None:
                raise _at(key_node, "A key must be a word such as image_size, not a list or a mapping.")
            if name in own or (name == "<<" and merged):
                raise _at(key_node, f"{name} is written twice in this section. Keep one of them.")
            if name == "<<":
                merged = self.convert(value_node, (*path, "<<"), depth + 1)
                if not isinstance(merged, dict):
                    raise _at(
                        value_node,
                        "<< takes over the keys of one other section: write << : *name, with "
                        "&name after that section's key.",
                    )
                continue
            own[name] = self.convert(value_node, (*path, name), depth + 1)
        return {**merged, **own}


def _scalar(node: yaml.ScalarNode) -> Any:
    kind = node.tag.rsplit(":", 1)[-1]
    text: str = node.value
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        return int(text[2:], 8 if text[1] == "o" else 16) if text[:2] in ("0o", "0x") else int(text)
    if kind == "float":
        number = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        return int(number) if math.isfinite(number) and number == int(number) else number
    return text


def _place(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _at(node: yaml.Node, message: str) -> YamlProblem:
    return YamlProblem(message, *_place(node))


_PLAIN = re.compile(r"^[A-Za-z_.][\w./-]*$")
_RESERVED = re.compile(r"^(true|false|null|yes|no|on|off|\.nan|[-+]?\.inf|\.[0-9].*)$", re.IGNORECASE)


def yaml_text(value: Any) -> str:
    """A plain value as YAML writes it on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    if isinstance(value, str):
        return value if _PLAIN.match(value) and not _RESERVED.match(value) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {yaml_text(entry)}" for key, entry in value.items()) + "}"
    return "[" + ", ".join(yaml_text(entry) for entry in value) + "]"


def number_text(value: float) -> str:
    """The text that YAML reads as this number, small ones as 2e-4."""
    if not math.isfinite(value):
        return ".nan" if math.isnan(value) else f"{'-' if value < 0 else ''}.inf"
    if value == int(value):
        return str(int(value))
    if abs(value) >= 1e-3:
        return repr(value)
    text = next(text for text in (f"{value:.{digits}e}" for digits in range(18)) if float(text) == value)
    mantissa, exponent = text.split("e")
    return f"{mantissa}e{int(exponent)}"
