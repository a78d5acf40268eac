"""The search for images in a folder or an archive (docs/data.md): what every part of the studio finds, image number i
on every machine."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from dataclasses import dataclass, field

from .errors import UserError
from .image_kinds import HEAD_BYTES, IMAGE_EXTENSIONS, SUPPORTED_FORMATS, known_kind, left_out_text, looked_at
from .image_source import ImageSource, Kind, reason_of
from .name_order import by_bytes
from .shell import shown_text
from .system_names import is_ignored_by_default


@dataclass
class Found:
    """Paths are relative to the folder or archive, with forward slashes; bytes of names that are no UTF-8 are
    surrogates, as Python has them."""

    images: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    ignored_by_default: Counter[str] = field(default_factory=Counter)
    ignored_by_pattern: int = 0
    #: folder and reason
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    def notes(self) -> list[str]:
        """What was not read, and what was left out by its name; a line each."""
        text = left_out_text(self.left_out)
        names = [name if times == 1 else f"{name} ({times} times)" for name, times in self.ignored_by_default.items()]
        ignored = self.ignored_by_pattern
        return [
            *([text] if text else []),
            *([f"left out by name, as no data: {shown_text(', '.join(names))}"] if names else []),
            *(
                [f"data.ignore leaves out {ignored} {'file or folder' if ignored == 1 else 'files or folders'}"]
                if ignored
                else []
            ),
        ]


def find_images(source: ImageSource, ignore: tuple[str, ...]) -> Found:
    """Every image of a folder or an archive, sorted by the bytes of the paths. Raises UserError where a folder cannot
    be read, or there is none."""
    search = _Search(source, ignore)
    search.run()
    found = search.found
    if found.unreadable:
        raise UserError(_unreadable_text(source.path, found, ignore))
    if not found.images:
        what = (
            f"holds no images ({'; '.join(found.notes()) or 'no visible files at all'})"
            if list(source.entries(""))
            else "is empty"
        )
        remedy = "Put {} files there or in folders below it" if source.noun == "folder" else "Pack {} files into it"
        raise UserError(
            f'data.path: the {source.noun} "{shown_text(source.path)}" {what}. {remedy.format(SUPPORTED_FORMATS)}, or '
            "correct data.path."
        )
    found.images.sort(key=by_bytes)
    return found


def holds_image(source: ImageSource) -> bool:
    """Ends at the first one."""
    search = _Search(source, ())
    search.run(first=True)
    return bool(search.found.images)


def _unreadable_text(folder: str, found: Found, ignore: tuple[str, ...]) -> str:
    path, reason = found.unreadable[0]
    more = len(found.unreadable) - 1
    others = "" if more == 0 else f" There {'is 1 more' if more == 1 else f'are {more} more'} like it."
    remedy = "Give yourself the right to read it."
    if path:
        # A name in the data folder itself needs the slash to be no name at any depth.
        pattern = path if "/" in path else f"/{path}"
        remedy = (
            f"Give yourself the right to read it, or leave it out with data.ignore: {json.dumps([*ignore, pattern])}"
        )
    place = shown_text(os.path.join(folder, path) if path else folder)
    return f'The folder "{place}" cannot be read ({reason}).{others} {remedy}'


class _Search:
    def __init__(self, source: ImageSource, ignore: tuple[str, ...]) -> None:
        self.source = source
        self.found = Found()
        self.patterns = [_Pattern(text) for text in ignore]
        self.visited: set[str] = set()
        # Real folders first, linked ones after, so that what is reached by both is filed under its real place.
        self.folders: list[tuple[str, str]] = [("", source.real_path(""))]
        self.linked: list[tuple[str, str]] = []

    def run(self, first: bool = False) -> None:
        """first: no more than one image is wanted."""
        while (self.folders or self.linked) and not (first and self.found.images):
            path, real = (self.folders or self.linked).pop(0)
            if real not in self.visited:
                self.visited.add(real)
                self.read_folder(path, real)

    def read_folder(self, path: str, real: str) -> None:
        # Sample pictures are no data.
        if all(self.source.holds(_below(path, name)) for name in ("run.json", "status.json")):
            return
        try:
            entries = sorted(self.source.entries(path))
        except OSError as error:
            self.found.unreadable.append((path, reason_of(error)))
            return
        for name, kind in entries:
            if not name.startswith("."):
                self.read_entry(name, kind, path, real)

    def read_entry(self, name: str, own: Kind, holder: str, real: str) -> None:
        path = _below(holder, name)
        kind = self.source.link_kind(path) if own == "link" else own
        if any([pattern.matches(path, kind == "folder") for pattern in self.patterns]):
            self.found.ignored_by_pattern += 1
        elif is_ignored_by_default(name):
            self.found.ignored_by_default[name] += 1
        elif own == "folder":
            self.folders.append((path, os.path.join(real, name)))
        elif kind == "folder":
            target = self.source.real_path(path)
            # A folder that holds the link would list its surroundings once more.
            if not f"{real}{os.sep}".startswith(target.rstrip(os.sep) + os.sep):
                self.linked.append((path, target))
        elif kind == "image":
            self.found.images.append(path)
        elif kind == "file":
            self.read_file(path)
        elif kind == "broken_link":
            self.read_broken_link(path)

    def read_broken_link(self, path: str) -> None:
        """An image that is a link to nowhere is one that cannot be used; what else such links were is not known."""
        if os.path.splitext(path)[1].lower() in IMAGE_EXTENSIONS:
            self.found.images.append(path)
        else:
            self.found.left_out["brokenLink"] += 1

    def read_file(self, path: str) -> None:
        extension = os.path.splitext(path)[1].lower()
        kind = None if extension in IMAGE_EXTENSIONS else known_kind(extension)
        if kind is None and extension not in IMAGE_EXTENSIONS:
            kind = self.look_into(path, extension)
        if kind is None:
            self.found.images.append(path)
        else:
            self.found.left_out[kind] += 1

    def look_into(self, path: str, extension: str) -> str | None:
        """Reads the first bytes: the name does not say what the file is, or claims what may not be so."""
        try:
            return looked_at(self.source.head(path, HEAD_BYTES), extension)
        except OSError:
            return "unreadable"


class _Pattern:
    """A pattern of data.ignore (docs/data.md, "What is to be left out")."""

    def __init__(self, text: str) -> None:
        self.folders_only = text.endswith("/")
        body = text.removesuffix("/")
        self.of_path = "/" in body
        parts = re.sub(r"^(\.?/)+", "", body).split("/")
        source = ""
        for i, part in enumerate(parts):
            last = i == len(parts) - 1
            if part == "**":
                source += ".+" if last else "(?:[^/]+/)*"
            else:
                escaped = re.escape(part).replace(r"\*\*", r"\*").replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
                source += escaped + ("" if last else "/")
        self.expression = re.compile(source, re.DOTALL)

    def matches(self, path: str, is_folder: bool) -> bool:
        if self.folders_only and not is_folder:
            return False
        return self.expression.fullmatch(path if self.of_path else path.rpartition("/")[2]) is not None


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
