"""`--set key=value`: single keys of an experiment written into its text, comments and layout kept where that is
possible."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any

import yaml

from .errors import UserError
from .json_schema import Schema, load_schema
from .yaml_text import YamlProblem, YamlReading, read_yaml, yaml_text


@dataclass(frozen=True)
class Override:
    """path: dotted key, such as "pretrain.steps"; value: YAML on one line, or for keys that take a text that text."""

    path: str
    value: str

    def __str__(self) -> str:
        return f"--set {self.path}={self.value}"


def apply_overrides(text: str, overrides: tuple[Override, ...] | list[Override]) -> str:
    """The experiment's text with the overrides written in: what a run freezes. Values are not checked here.

    Raises UserError for an unknown key or a value that is no YAML, YamlProblem where the text is none.
    """
    result = text.removeprefix("\ufeff")
    for override in overrides:
        value = _value(override, _schema_of(override))
        result = _written(read_yaml(result), override.path.split("."), value, _as_text(override, value))
    return result


def _schema_of(override: Override) -> Schema:
    schema = load_schema("experiment.schema.json")
    known: dict[str, Schema] = {}
    for name, entry in schema["properties"].items():
        for key, value in entry.get("properties", {}).items():
            known[f"{name}.{key}"] = value
        if "properties" not in entry:
            known[name] = entry
    found = known.get(override.path)
    if found is not None:
        return found
    if override.path in schema["properties"]:
        raise UserError(
            f"{override}: {override.path} is a section; set one of its keys, such as "
            f"{next(k for k in known if k.startswith(override.path))}."
        )
    near = difflib.get_close_matches(override.path, list(known), 1)
    hint = f"Did you mean {near[0]}?" if near else f"Sections: {', '.join(schema['properties'])}."
    raise UserError(f"{override}: there is no key {override.path}. {hint}")


def _value(override: Override, schema: Schema) -> Any:
    text = override.value.strip()
    options = schema.get("anyOf", [schema])
    takes_text = any(option.get("type") == "string" and not {"const", "enum"} & option.keys() for option in options)
    if takes_text and not text.startswith(('"', "'")):
        nullable = any(option.get("type") == "null" for option in options)
        return None if nullable and text == "null" else text
    try:
        reading = read_yaml(text)
    except YamlProblem as problem:
        raise UserError(f"{override}: {problem}") from None
    return reading.value


def _as_text(override: Override, value: Any) -> str:
    """The user's own spelling where it is a plain word or number, so that 1e-4 stays 1e-4."""
    text = override.value.strip()
    return text if isinstance(value, (bool, int, float)) and re.fullmatch(r"[\w.+-]+", text) else yaml_text(value)


def _written(before: YamlReading, path: list[str], value: Any, text: str) -> str:
    wanted = _with_key(before.value if isinstance(before.value, dict) else {}, path, value)
    edited = _edited(before, path, text)
    if edited is not None:
        try:
            if read_yaml(edited).value == wanted:
                return edited
        except YamlProblem:
            pass
    return _rewritten(wanted)


def _with_key(root: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    name, rest = path[0], path[1:]
    below = root.get(name)
    return {**root, name: _with_key(below if isinstance(below, dict) else {}, rest, value) if rest else value}


def _edited(before: YamlReading, path: list[str], written: str) -> str | None:
    """The text with the key changed or added in place; None for layouts in which that is not tried."""
    text = before.text
    holder = before.root
    for depth, name in enumerate(path):
        if not isinstance(holder, yaml.MappingNode):
            break
        found = next((value for key, value in holder.value if key.value == name), None)
        if found is None:
            return _inserted(text, holder, _nested(path[depth:], written, holder), depth == 0)
        holder = found
    else:
        start, end = holder.start_mark.index, holder.end_mark.index
        return f"{text[:start]}{' ' if start == end else ''}{written}{text[end:]}"
    if before.root is None:
        return f"{text.rstrip()}\n{_block(path, written, 0)}\n".lstrip("\n")
    return None


def _nested(path: list[str], written: str, holder: yaml.MappingNode) -> str:
    if holder.flow_style:
        return f"{path[0]}: {'{' + path[1] + ': ' + written + '}' if len(path) > 1 else written}"
    return _block(path, written, holder.start_mark.column)


def _block(path: list[str], written: str, indent: int) -> str:
    return f"{path[0]}: {written}" if len(path) == 1 else f"{path[0]}:\n{' ' * (indent + 2)}{path[1]}: {written}"


def _inserted(text: str, holder: yaml.MappingNode, entry: str, is_root: bool) -> str:
    start = holder.start_mark.index
    if holder.flow_style:
        return f"{text[: start + 1]}{entry}{', ' if holder.value else ''}{text[start + 1 :]}"
    if is_root:  # a new section stands at the end
        return f"{text.rstrip()}\n{entry}\n"
    return f"{text[:start]}{entry}\n{' ' * holder.start_mark.column}{text[start:]}"


def _rewritten(values: dict[str, Any]) -> str:
    lines: list[str] = []
    for name, value in values.items():
        if isinstance(value, dict) and value:
            lines += [f"{name}:", *(f"  {key}: {yaml_text(entry)}" for key, entry in value.items())]
        else:
            lines.append(f"{name}: {yaml_text(value)}")
    return "\n".join(lines) + "\n"
