"""The search for images below a folder (docs/data.md): what every part of the studio finds, image number i on every
machine."""

from __future__ import annotations

import json
import os
import re
import stat
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from .errors import UserError
from .image_kinds import HEAD_BYTES, IMAGE_EXTENSIONS, SUPPORTED_FORMATS, known_kind, left_out_text, looked_at
from .shell import shown_text

#: Folders and files that systems, storage devices and archivers put among images, lower case.
_IGNORED_NAMES = {
    "lost+found",
    "system volume information",
    "$recycle.bin",
    "recycler",
    "__macosx",
    "@eadir",
    "#recycle",
    "#snapshot",
    "@recycle",
    "@recently-snapshot",
    "thumbs.db",
    "ehthumbs.db",
    "ehthumbs_vista.db",
    "desktop.ini",
    "picasa.ini",
    "icon\r",
}

#: By code point is by UTF-8 bytes; what stands for a byte that is no UTF-8 comes after everything else.
_BYTES_LAST = {0xDC00 + byte: 0x10FF00 + byte for byte in range(0x80, 0x100)}


@dataclass
class Found:
    """Paths are relative to the folder, with forward slashes; bytes of names that are no UTF-8 are surrogates, as
    Python has them."""

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


def find_images(folder: Path, ignore: tuple[str, ...]) -> Found:
    """Every image below a folder, sorted by the bytes of the paths. Raises UserError where a folder cannot be read, or
    there is none."""
    search = _Search(str(folder), ignore)
    search.run()
    found = search.found
    if found.unreadable:
        raise UserError(_unreadable_text(folder, found, ignore))
    if not found.images:
        what = (
            "is empty"
            if not os.listdir(folder)
            else f"holds no images ({'; '.join(found.notes()) or 'no visible files at all'})"
        )
        raise UserError(
            f'data.path: the folder "{shown_text(str(folder))}" {what}. Put {SUPPORTED_FORMATS} '
            "files there or in folders below it, or correct data.path."
        )
    found.images.sort(key=lambda path: path.translate(_BYTES_LAST))
    return found


def _unreadable_text(folder: Path, found: Found, ignore: tuple[str, ...]) -> str:
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
    return f'The folder "{shown_text(str(folder / path))}" cannot be read ({reason}).{others} {remedy}'


class _Search:
    def __init__(self, root: str, ignore: tuple[str, ...]) -> None:
        self.root = root
        self.found = Found()
        self.patterns = [_Pattern(text) for text in ignore]
        self.visited: set[str] = set()
        # Real folders first, linked ones after, so that what is reached by both is filed under its real place.
        self.folders: list[tuple[str, str]] = [("", os.path.realpath(root))]
        self.linked: list[tuple[str, str]] = []

    def run(self) -> None:
        while self.folders or self.linked:
            path, real = (self.folders or self.linked).pop(0)
            if real not in self.visited:
                self.visited.add(real)
                self.read_folder(path, real)

    def absolute(self, path: str) -> str:
        return os.path.join(self.root, path) if path else self.root

    def read_folder(self, path: str, real: str) -> None:
        # Sample pictures are no data.
        if all(os.path.exists(self.absolute(_below(path, name))) for name in ("run.json", "status.json")):
            return
        try:
            entries = sorted(os.scandir(self.absolute(path)), key=lambda entry: entry.name)
        except OSError as error:
            self.found.unreadable.append((path, _reason(error)))
            return
        for entry in entries:
            if not entry.name.startswith("."):
                self.read_entry(entry, path, real)

    def read_entry(self, entry: os.DirEntry[str], holder: str, real: str) -> None:
        path = _below(holder, entry.name)
        is_link = entry.is_symlink()
        try:
            is_folder, is_file = entry.is_dir(), entry.is_file()
        except OSError:
            is_folder = is_file = False
        if any([pattern.matches(path, is_folder) for pattern in self.patterns]):
            self.found.ignored_by_pattern += 1
        elif entry.name.lower() in _IGNORED_NAMES:
            self.found.ignored_by_default[entry.name] += 1
        elif is_folder and is_link:
            target = os.path.realpath(entry.path)
            # A folder that holds the link would list its surroundings once more.
            if not f"{real}{os.sep}".startswith(target.rstrip(os.sep) + os.sep):
                self.linked.append((path, target))
        elif is_folder:
            self.folders.append((path, os.path.join(real, entry.name)))
        elif is_file:
            self.read_file(path)
        elif is_link:
            self.read_broken_link(path)

    def read_broken_link(self, path: str) -> None:
        """An image that is a link to nowhere is one that cannot be used; what else such links were is not known."""
        if os.path.splitext(path)[1].lower() in IMAGE_EXTENSIONS:
            self.found.images.append(path)
        elif not os.path.exists(self.absolute(path)):
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
            with open(self.absolute(path), "rb") as file:
                return looked_at(file.read(HEAD_BYTES), extension)
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


def data_folder(path: str, base: Path) -> Path:
    """The real folder that data.path names. base: folder of the experiment file. Raises UserError where it cannot be
    used."""
    own = os.path.expanduser(path) if re.match(r"~(/|$)", path) else path
    absolute = Path(os.path.abspath(base / own))
    origin = (
        "" if os.path.isabs(own) else f' (data.path is "{shown_text(path)}", taken from the experiment file\'s folder)'
    )
    named = f'data.path: the folder "{shown_text(str(absolute))}"'
    try:
        if not stat.S_ISDIR(absolute.stat().st_mode):
            raise UserError(
                f'data.path: "{shown_text(str(absolute))}" is a file, not a folder{origin}. Name '
                f'the folder that holds the images, such as "{shown_text(str(absolute.parent))}".'
            )
        os.scandir(absolute).close()
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{named} does not exist{origin}. Correct data.path, or put the images there.") from None
    except OSError as error:
        raise UserError(f"{named} cannot be read ({_reason(error)}). Give yourself the right to read it.") from None
    return Path(os.path.realpath(absolute))


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _reason(error: OSError) -> str:
    return "permission denied" if isinstance(error, PermissionError) else error.strerror or str(error)
