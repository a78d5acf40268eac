"""Commands and texts as messages print them."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

_WINDOWS_PLAIN = re.compile(r"^[\w+=:./\\-]+$")
_UNSHOWABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def maskdm_command(*arguments: str) -> str:
    """A call of the studio's command line, which starts this engine, such as `maskdm resume 'runs/my run'`."""
    return " ".join(["maskdm", *map(quoted, arguments)])


def quoted(argument: str) -> str:
    """As one word of a command line, of that of Windows there."""
    if sys.platform != "win32":
        return shlex.quote(argument)
    return argument if _WINDOWS_PLAIN.match(argument) else f'"{argument}"'


def short_path(path: Path) -> str:
    """Relative to where the command was started, where that is shorter."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def shown_text(text: str) -> str:
    """A name on one line, fit for a terminal and a log: what cannot be shown is written as \\n, \\x1b or \\u202e, a
    byte that is no UTF-8 as \\xe9."""
    return _UNSHOWABLE.sub(lambda match: _escaped(match.group()), text)


def shown_lines(text: str) -> str:
    """The same for a text of several lines, whose line ends and tabs are its own."""
    return _UNSHOWABLE.sub(
        lambda match: match.group() if match.group() in "\n\t" else _escaped(match.group()), text.replace("\r\n", "\n")
    )


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return _NAMED.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def duration(seconds: float) -> str:
    """Seconds as "8s", "3m 20s", "2h 05m" or "4d 03h"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    minutes = round(whole / 60)
    if minutes < 24 * 60:
        return f"{minutes // 60}h {minutes % 60:02d}m"
    hours = round(whole / 3600)
    return f"{hours // 24}d {hours % 24:02d}h"
