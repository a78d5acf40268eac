"""Evaluations that a run makes of itself while it trains: the program that has handed the training over measures a
checkpoint, `maskdm evaluate`, while training waits."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .errors import UserError
from .experiment import Experiment, Stage

#: Environment variable: that program's command line, as JSON.
PROGRAM = "MASKDM_PROGRAM"
_POLL_SECONDS = 0.5


def refuse_evaluations(experiment: Experiment, stage: Stage) -> None:
    """Raises UserError where evaluations are asked for and nobody is there who makes them."""
    every = experiment.stage(stage).evaluate_every
    if every > 0 and PROGRAM not in os.environ:
        raise UserError(
            f"{stage}.evaluate_every {every}: maskdm makes evaluations, and has not started this training on this machine. "
            f"Set it to 0 (--set {stage}.evaluate_every=0) and measure afterwards with: maskdm evaluate RUN"
        )


def evaluate(
    checkpoint: Path, samples: int, check: Callable[[], None], note: Callable[[str], None]
) -> tuple[float, float]:
    """KID and its standard error; all of it is added to the run's evaluations.jsonl.

    check: called every moment, what it raises ends the work. note: told how far it is. Raises UserError that says what
    failed.
    """
    asked = ("evaluate", str(checkpoint), "--samples", str(samples), "--json-lines")
    found: dict[str, Any] | None = None
    with tempfile.TemporaryFile() as errors:
        # Ctrl+C in a terminal is this process's to hear.
        child = subprocess.Popen(
            [*json.loads(os.environ[PROGRAM]), *asked],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
            start_new_session=True,
        )
        try:
            for line in _lines(child, check):
                said = json.loads(line)
                if said.get("type") == "progress":
                    note(f"evaluating: {said['part']} {said['done']} of {said['total']}")
                else:
                    found = said
        except BaseException:
            child.terminate()
            raise
        finally:
            code = child.wait()
        if found is None:
            errors.seek(0)
            told = errors.read().decode("utf-8", "replace").splitlines()
            why = next(
                (line.removeprefix("error: ") for line in told if line.startswith("error: ")), f"exit code {code}"
            )
            raise UserError(why, "failure")
    return found["kid"]["value"], found["kid"]["standardError"]


def _lines(child: subprocess.Popen[str], check: Callable[[], None]):  # noqa: ANN202
    """What it prints, line by line, until it has ended."""
    arrived: queue.Queue[str | None] = queue.Queue()
    output = child.stdout
    assert output is not None

    def read() -> None:
        for line in output:
            arrived.put(line)
        arrived.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        check()
        try:
            line = arrived.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            continue
        if line is None:
            return
        yield line
