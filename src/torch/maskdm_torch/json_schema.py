"""Checks plain values against the published JSON Schemas that travel in schema/ (as far as those go), and fills in
their defaults."""

from __future__ import annotations

import difflib
import json
import math
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

Schema = dict[str, Any]
Path = tuple[str, ...]


@dataclass(frozen=True)
class SchemaProblem:
    """code: as docs/lint-rules.md has it; path: where, such as ("model", "depth")."""

    code: str
    path: Path
    message: str


@cache
def load_schema(name: str) -> Schema:
    """schema/<name>, which `npm run docs` writes from the same source as docs/schema."""
    schema: Schema = json.loads(resources.files(__package__).joinpath("schema", name).read_text("utf-8"))
    return schema


def complete(schema: Schema, value: Any, path: Path = ()) -> tuple[Any, list[SchemaProblem]]:
    """The value with defaults for what is not there, and everything that the schema refuses."""
    if isinstance(schema.get("type"), list):
        schema = {"anyOf": [{**schema, "type": kind} for kind in schema["type"]]}
    if "anyOf" in schema:
        tried = [complete(option, value, path) for option in schema["anyOf"]]
        fitting = [result for result in tried if not result[1]]
        if fitting:
            return fitting[0]
        # Of a list that is wrong inside, what is wrong inside is told.
        inner = [problems for _, problems in tried if all(len(problem.path) > len(path) for problem in problems)]
        return value, inner[0] if inner else [_refused(schema, value, path)]
    if schema.get("type") == "object" and isinstance(value, dict):
        return _complete_object(schema, value, path)
    if schema.get("type") == "array" and isinstance(value, list):
        return _complete_array(schema, value, path)
    return value, [] if _fits(schema, value) else [_refused(schema, value, path)]


def _complete_object(schema: Schema, value: dict[str, Any], path: Path) -> tuple[Any, list[SchemaProblem]]:
    properties: dict[str, Schema] = schema.get("properties", {})
    completed: dict[str, Any] = {}
    problems: list[SchemaProblem] = []
    for name, key in properties.items():
        if name in value:
            given = value[name]
            if given is None and key.get("type") == "object" and "default" in key:
                problems.append(
                    SchemaProblem(
                        "MDM015",
                        (*path, name),
                        f"The section {name} is empty: indent its keys below it, or remove the line.",
                    )
                )
                continue
        elif "default" in key:
            given = key["default"]
        elif name in schema.get("required", ()):
            problems.append(
                SchemaProblem(
                    "MDM011", (*path, name), f"{_dotted((*path, name))} is missing: it must be {allowed(key)}."
                )
            )
            continue
        else:
            continue
        completed[name], found = complete(key, given, (*path, name))
        problems += found
    rest = schema.get("additionalProperties", True)
    for name in value:
        if name in properties:
            continue
        if rest is False:
            problems.append(_unknown(properties, name, path))
            continue
        completed[name], found = (
            complete(rest, value[name], (*path, name)) if isinstance(rest, dict) else (value[name], [])
        )
        problems += found
    return completed, problems


def _unknown(properties: dict[str, Schema], name: str, path: Path) -> SchemaProblem:
    near = difflib.get_close_matches(name, list(properties), 1)
    hint = f" Did you mean {near[0]}?" if near else f" Known: {', '.join(properties)}."
    where = f"in {_dotted(path)}" if path else "at the top of the file"
    return SchemaProblem("MDM010", (*path, name), f"There is no key {name} {where}.{hint}")


def _complete_array(schema: Schema, value: list[Any], path: Path) -> tuple[Any, list[SchemaProblem]]:
    items = schema.get("items", {})
    if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", math.inf):
        return value, [_refused(schema, value, path)]
    schemas = items if isinstance(items, list) else [items] * len(value)
    results = [complete(item, entry, (*path, str(i))) for i, (item, entry) in enumerate(zip(schemas, value))]
    problems = [problem for _, found in results for problem in found]
    # Of a list of plain values the list is what a user sees as the value.
    if problems and not any(isinstance(entry, dict) for entry in value):
        return value, [_refused(schema, value, path)]
    return [entry for entry, _ in results], problems


def _fits(schema: Schema, value: Any) -> bool:
    if "enum" in schema:
        return value in schema["enum"] and not isinstance(value, bool)
    if "const" in schema:
        return bool(value == schema["const"]) and not isinstance(value, bool)
    kind = schema.get("type")
    if kind is None:
        return True
    if kind == "null":
        return value is None
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "string":
        return _fits_text(schema, value)
    if kind in ("number", "integer"):
        return _fits_number(schema, value, kind == "integer")
    return False


def _fits_text(schema: Schema, value: Any) -> bool:
    if not isinstance(value, str):
        return False
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", math.inf):
        return False
    # As JavaScript has it: \w and \d are ASCII, and $ is the end, not what stands before a last line feed.
    return "pattern" not in schema or re.fullmatch(schema["pattern"], value, re.ASCII) is not None


def _fits_number(schema: Schema, value: Any, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return False
    if whole and value != int(value):
        return False
    return (
        schema.get("minimum", -math.inf) <= value <= schema.get("maximum", math.inf)
        and value > schema.get("exclusiveMinimum", -math.inf)
        and value < schema.get("exclusiveMaximum", math.inf)
    )


def _refused(schema: Schema, value: Any, path: Path) -> SchemaProblem:
    options = schema.get("anyOf", [schema])
    kinds = {option.get("type") for option in options}
    if value is None:
        code = "MDM015"
    elif any("enum" in option for option in options) and isinstance(value, (str, int, float)):
        code = "MDM014"
    elif not isinstance(value, bool) and (
        (isinstance(value, (int, float)) and kinds & {"integer", "number"})
        or (isinstance(value, str) and "string" in kinds)
    ):
        code = "MDM013"
    else:
        code = "MDM012"
    return SchemaProblem(code, path, f"{_dotted(path)} must be {allowed(schema)}, but is {described(value)}.")


def _dotted(path: Path) -> str:
    return "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in path).lstrip(".")


def allowed(schema: Schema) -> str:
    """What a key accepts, such as "a whole number from 4 to 1,024"."""
    if "anyOf" in schema:
        return _or([allowed(option) for option in schema["anyOf"]])
    if "enum" in schema:
        return f"one of {_or([str(name) for name in schema['enum']])}"
    if "const" in schema:
        return str(schema["const"])
    kind = schema.get("type")
    if kind in ("integer", "number"):
        return f"a {'whole ' if kind == 'integer' else ''}number {_range(schema)}".strip()
    if kind == "boolean":
        return "true or false"
    if kind == "null":
        return "null"
    if kind == "object":
        return "a section of keys"
    if kind == "array":
        return _allowed_list(schema)
    if schema.get("pattern", "").endswith(r":[A-Za-z_]\w*$"):
        return "a class in Python, such as my_package.my_module:MyNet"
    if schema.get("pattern", "").startswith("^https"):
        return "an address such as http://10.0.0.1:8265"
    return (
        'a colour in quotes, such as "#ffffff"'
        if schema.get("pattern", "").startswith("^#")
        else "a text that is not empty"
    )


def _allowed_list(schema: Schema) -> str:
    items = schema.get("items", {})
    if isinstance(items, list):
        return f"a list of {len(items)} numbers, each {_range(items[0])}, such as {json.dumps(schema.get('default'))}"
    what = "pieces" if "properties" in items else "texts or whole numbers" if "anyOf" in items else "texts"
    return f"a list of up to {schema.get('maxItems')} {what}"


def _range(schema: Schema) -> str:
    if "minimum" in schema and "maximum" in schema:
        return f"from {schema['minimum']:,} to {schema['maximum']:,}"
    words = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
    return " and ".join(f"{word} {schema[name]:,}" for name, word in words.items() if name in schema)


def _or(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"


def described(value: Any) -> str:
    """What a value is, such as `the text "abc"` or "empty"."""
    if value is None:
        return "empty"
    if isinstance(value, str):
        return f"the text {json.dumps(value[:40], ensure_ascii=False)}" if value else "an empty text"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, list):
        return f"the list {json.dumps(value)}" if len(value) < 6 else f"a list of {len(value)} values"
    return "a section of keys"
