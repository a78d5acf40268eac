"""Starts the processes that train together, by torchrun, which starts them again where one is lost.

    python -m maskdm_torch.launch OPTIONS-OF-TORCHRUN -m maskdm_torch COMMAND …

is torchrun without its traceback. What a training came to, and which run it is, its processes leave in a folder that
MASKDM_LAUNCH names: they themselves end with 0 unless they are to be started again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from .control import ask_to_stop
from .errors import CommandExit, UserError
from .machine import usable_cores
from .shell import maskdm_command
from .stop_request import end_signals

FOLDER = "MASKDM_LAUNCH"
#: Processes are lost to machines that are taken away or break; what is lost more often is broken itself.
RESTARTS = 3
_RUN, _OUTCOME, _TEXT = "run", "outcome", "experiment-text"


class Launch:
    """The folder of a launch."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def of_this_process() -> Launch | None:
        """None: this process is no part of a launch."""
        folder = os.environ.get(FOLDER)
        return None if folder is None else Launch(Path(folder))

    @property
    def run(self) -> Path | None:
        """The run that is being trained; None: there is none yet."""
        text = self._read(_RUN)
        return None if text is None else Path(text)

    def note_run(self, path: Path) -> None:
        self._write(_RUN, str(path))

    @property
    def outcome(self) -> int | None:
        """Exit code of a training that has ended."""
        text = self._read(_OUTCOME)
        return None if text is None else int(text)

    def note_outcome(self, code: int) -> None:
        self._write(_OUTCOME, str(code))

    @property
    def experiment_text(self) -> str | None:
        """What --experiment-text brought, which can be read but once where it is stdin."""
        return self._read(_TEXT)

    def keep_experiment_text(self, text: str) -> None:
        self._write(_TEXT, text)

    def _read(self, name: str) -> str | None:
        try:
            return (self._folder / name).read_text("utf-8")
        except FileNotFoundError:
            return None

    def _write(self, name: str, text: str) -> None:
        temporary = self._folder / f".{name}-{os.getpid()}"
        temporary.write_text(text, "utf-8")
        os.replace(temporary, self._folder / name)


def launch(workers: int, args: Sequence[str], experiment_text: str | None) -> None:
    """Trains with several processes. args: of this program; experiment_text: what --experiment-text brought.

    Raises CommandExit with the leader's exit code, UserError where processes were lost too often.
    """
    with tempfile.TemporaryDirectory(prefix="maskdm-launch-") as folder:
        launched = Launch(Path(folder))
        if experiment_text is not None:
            launched.keep_experiment_text(experiment_text)
        torchrun = ["--standalone", f"--nproc-per-node={workers}", f"--max-restarts={RESTARTS}"]
        environment = {
            **os.environ,
            FOLDER: folder,
            # Else torchrun sets it to 1 and says so; engine.threads has the last word.
            "OMP_NUM_THREADS": str(max(1, usable_cores() // workers)),
            # Else processes that are started again share a store with the dead ones, whose addresses the quicker one then
            # finds there: they do not meet where they are not equally quick (pytorch/pytorch#135712).
            "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
            # What it logs is of processes, not of the training.
            "LOGLEVEL": "CRITICAL",
        }
        command = [sys.executable, "-m", "maskdm_torch.launch", *torchrun, "-m", "--", "maskdm_torch", *args]
        # A session of its own: Ctrl-C in a terminal goes to this process alone, which passes it on as a wish.
        child = subprocess.Popen(command, env=environment, start_new_session=True)
        stopping = _Stopping(launched, child)
        try:
            child.wait()
        finally:
            stopping.dispose()
        outcome, run = launched.outcome, launched.run
    if stopping.in_a_hurry is not None:
        _end_by(stopping.in_a_hurry)
    if outcome is None:
        there = "" if run is None else f" Go on from its last checkpoint with: {maskdm_command('resume', str(run))}"
        raise UserError(f"The processes of this training were lost, and it is given up.{there}", "failure")
    if outcome != 0:
        raise CommandExit(outcome)


class _Stopping:
    """Passes on the wish to stop: the run's control file, which its leader obeys; a second signal ends all at once."""

    def __init__(self, launched: Launch, child: subprocess.Popen[bytes]) -> None:
        self._launched = launched
        self._child = child
        self._asked = False
        #: the signal that ended all at once
        self.in_a_hurry: int | None = None
        self._before = {number: signal.signal(number, self._take) for number in end_signals()}

    def dispose(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, number: int, frame: FrameType | None) -> None:
        run = self._launched.run
        if run is None or self._asked:
            self.in_a_hurry = number
            self._child.terminate()
        else:
            ask_to_stop(run)
        self._asked = True


def _end_by(number: int) -> None:
    """As the signal would have ended this process."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def main(args: Sequence[str]) -> int:
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.run import main as torchrun

    try:
        torchrun(list(args))
    except (ChildFailedError, SignalException):
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
