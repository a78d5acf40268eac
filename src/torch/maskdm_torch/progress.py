"""Progress of long work on stderr: one redrawn line on a terminal, plain lines at intervals otherwise."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections import deque

from .shell import duration, shown_lines

_REDRAW_SECONDS = 0.1
_PLAIN_SECONDS = 10
#: The rate is that of about the last half minute, so that it follows a machine that becomes busy.
_WINDOW_SECONDS = 30
_BAR = 24
_SMALLEST_BAR = 6

_status: str | None = None


def _is_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def say(text: str) -> None:
    """A note, warning or error; above the line of progress, if there is one. A reader that is gone ends nothing."""
    _write(("\r\x1b[2K" if _status is not None else "") + shown_lines(text).rstrip("\n") + "\n" + (_status or ""))


def put(text: str) -> None:
    """A result, on stdout."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # What would have been written is dropped, here and where the interpreter ends.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115


def _write(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        pass


class Progress:
    """label: what is being done; unit: what is counted; start: where the count begins, of work that was begun
    earlier."""

    def __init__(self, label: str, total: int, unit: str, start: int = 0) -> None:
        self._label, self._total, self._unit, self._done = label, total, unit, start
        self._begun = time.monotonic()
        self._points = deque([(start, self._begun)])
        self._shown = float("-inf")
        self._note = ""

    def update(self, done: int, note: str = "", seconds_left: float | None = None) -> None:
        """Cheap enough to be called at every step. seconds_left: where that is known better than by the rate."""
        moment = time.monotonic()
        self._done, self._note = done, note
        if len(self._points) > 1 and moment - self._points[-2][1] < _REDRAW_SECONDS:
            self._points.pop()
        self._points.append((done, moment))
        while len(self._points) > 2 and moment - self._points[1][1] >= _WINDOW_SECONDS:
            self._points.popleft()
        if moment - self._shown >= (_REDRAW_SECONDS if _is_terminal() else _PLAIN_SECONDS):
            self._shown = moment
            self._show(seconds_left)

    def finish(self, note: str | None = None) -> None:
        """Ends the display and leaves one line that says how it ended."""
        _set_status(None)
        count = f"{self._done:,}{'' if self._done == self._total else f' of {self._total:,}'} {self._unit}"
        note = self._note if note is None else note
        say(f"{self._label}: {count} in {duration(time.monotonic() - self._begun)}{f' · {note}' if note else ''}")

    def _show(self, seconds_left: float | None) -> None:
        (first, begun), (last, ended) = self._points[0], self._points[-1]
        percent = 100 * self._done // self._total if self._total else 100
        facts = [f"{percent}% {self._done:,}/{self._total:,} {self._unit}"]
        if ended > begun:
            rate = (last - first) / (ended - begun)
            facts.append(f"{_rate_text(rate)}/s")
            if rate > 0:
                facts.append(
                    f"ETA {duration((self._total - self._done) / rate if seconds_left is None else seconds_left)}"
                )
        text = " · ".join([*facts, *([self._note] if self._note else [])])
        if _is_terminal():
            _set_status(self._line(text))
        else:
            say(f"{self._label}: {text}")

    def _line(self, facts: str) -> str:
        """The bar gives way first when the terminal is narrow; then the end of the facts is cut off."""
        width = max(10, shutil.get_terminal_size().columns - 1)
        bar = min(_BAR, width - len(self._label) - len(facts) - 4)
        if bar < _SMALLEST_BAR:
            return f"{self._label} {facts}"[:width]
        full = round(min(1, self._done / max(1, self._total)) * bar)
        return f"{self._label} [{'█' * full}{'░' * (bar - full)}] {facts}"


def _set_status(line: str | None) -> None:
    global _status
    if line is not None:
        _write(f"{chr(27) + '[?25l' if _status is None else chr(13) + chr(27) + '[2K'}{line}")
    elif _status is not None:
        _write("\r\x1b[2K\x1b[?25h")
    _status = line


def _rate_text(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.{2 if value >= 1 else 3 if value >= 0.1 else 4}f}"
