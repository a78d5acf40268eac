"""Asks a training loop to stop after the current step: a signal, or the run's control file."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

from .torchrun import started_by_torchrun

_POLL_SECONDS = 0.5


class GivenUp(Exception):
    """A stop was asked for, and does not wait for what is at work."""


def end_signals() -> list[signal.Signals]:
    """The signals that ask this process to end; without a hangup that it was started to ignore, as by nohup.

    By SIGTERM torchrun ends processes that it is about to start again: there it is no wish of anybody's, and ends them
    at once.
    """
    names = ["SIGINT", "SIGTERM", "SIGHUP"] if sys.platform != "win32" else ["SIGINT", "SIGTERM", "SIGBREAK"]
    if started_by_torchrun():
        names.remove("SIGTERM")
    return [number for name in names if signal.getsignal(number := getattr(signal, name)) != signal.SIG_IGN]


class StopRequest:
    """Listens from its making on; a second signal means now, and the last checkpoint stays as it is."""

    def __init__(self, control_file: Callable[[], bool]) -> None:
        self._control_file = control_file
        self._asked: str | None = None
        self._by_hand = False
        self._polled = float("-inf")
        self._before = {number: signal.signal(number, self._take) for number in end_signals()}

    @property
    def reason(self) -> str | None:
        """What asked for a stop; None: nothing yet. Cheap enough for every step."""
        if self._asked is None and time.monotonic() - self._polled >= _POLL_SECONDS:
            self._polled = time.monotonic()
            if self._control_file():
                self._asked = "control file"
        return self._asked

    def check(self) -> None:
        """For work that a stop does not wait for. Raises GivenUp once one was asked for."""
        if self.reason is not None:
            raise GivenUp

    def dispose(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, number: int, frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        self._asked = self._asked or name
        # A terminal that closes sends its hangup twice; nobody is there who could be in a hurry.
        if name == "SIGHUP":
            return
        if self._by_hand:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self._by_hand = True
