"""Errors whose message is meant for the user: what is wrong, where, and what to do next. Shown without a traceback."""

from __future__ import annotations

from typing import Literal


class UserError(Exception):
    """One or more plain sentences.

    kind: "input": the user's input is at fault (exit code 2); "failure": the work failed (exit code 1).
    """

    def __init__(self, message: str, kind: Literal["input", "failure"] = "input") -> None:
        super().__init__(message)
        self.kind = kind

    @property
    def message(self) -> str:
        return str(self)

    @property
    def exit_code(self) -> int:
        return 2 if self.kind == "input" else 1


class CommandExit(Exception):
    """Ends a command whose output already says everything: nothing more is printed."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"exit code {exit_code}")
        self.exit_code = exit_code
