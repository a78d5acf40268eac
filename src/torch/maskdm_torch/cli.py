"""The command line of the PyTorch engine: `maskdm-torch pretrain|finetune|resume|sample|bench`, options and exit codes
as `maskdm`'s.

0 fine, 1 the work failed, 2 bad usage or bad input. An error is one clear text on stderr; MASKDM_DEBUG=1 shows a
traceback, too.
"""

from __future__ import annotations

import argparse
import errno
import io
import os
import re
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from .errors import CommandExit, UserError
from .experiment import ExperimentProblems
from .launch import Launch
from .overrides import Override
from .progress import say
from .torchrun import started_again, started_by_torchrun

if TYPE_CHECKING:
    from .distributed import Ranks

_SYSTEM_ERRORS = {
    errno.ENOENT: ("there is no such file or folder", 2),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", 2),
    errno.EISDIR: ("this is a folder, a file was expected", 2),
    errno.EACCES: ("permission denied", 2),
    errno.EPERM: ("the system does not permit it", 2),
    errno.EROFS: ("the file system is read-only", 1),
    errno.ENOSPC: ("the disk is full; free some space and try again", 1),
    errno.EMFILE: ("too many files are open; raise the limit (ulimit -n)", 1),
    errno.EIO: ("the disk reports an input/output error", 1),
}


class _UsageError(Exception):
    """A command line that cannot be meant."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _UsageError(f"error: {message}\n({self.prog} --help shows the options)")


def main(args: Sequence[str] | None = None) -> int:
    """Runs one command line and returns the exit code."""
    # A path that is no UTF-8 is printed as the bytes that it is.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")
    try:
        return _run(list(sys.argv[1:] if args is None else args))
    except KeyboardInterrupt:
        # As a signal ends any program that has nothing to save; on Windows that would be the exit code of bad usage.
        if sys.platform != "win32":
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
        return 130
    except BaseException as error:  # noqa: BLE001
        if isinstance(error, SystemExit):
            return error.code if isinstance(error.code, int) else 0
        code = _report(error)
        if os.environ.get("MASKDM_DEBUG") == "1":
            traceback.print_exc()
        return code


def _report(error: BaseException) -> int:
    if isinstance(error, CommandExit):
        return error.exit_code
    if isinstance(error, _UsageError):
        say(str(error))
        return 2
    if isinstance(error, UserError):
        say(str(error) if isinstance(error, ExperimentProblems) else f"error: {error}")
        return error.exit_code
    if isinstance(error, OSError) and error.errno in _SYSTEM_ERRORS:
        text, code = _SYSTEM_ERRORS[error.errno]
        place = error.filename2 or error.filename
        say(f"error: {text if place is None else f'{os.fsdecode(place)}: {text}'}")
        return code
    summary = str(error).split("\n")[0] or type(error).__name__
    # By its name, as help does not wait for PyTorch.
    if type(error).__name__ == "OutOfMemoryError" or "MPS backend out of memory" in summary:
        say(
            f"error: the GPU has too little memory ({summary.partition('. GPU')[0]}). "
            "End other programs that use it (nvidia-smi lists those of an NVIDIA card), or use a smaller model, smaller images or larger patches."
        )
        return 1
    say(f"error: something unexpected went wrong: {summary} (MASKDM_DEBUG=1 shows the details)")
    return 1


def _run(args: list[str]) -> int:
    options = _parser().parse_args(args)
    # PyTorch takes seconds to load: help and usage errors do not wait for it.
    command = ("maskdm-torch", *args)
    if options.command == "bench":
        from .bench import bench

        bench(options.file, options.set, options.mask_rates, options.batch_sizes, options.steps, options.json)
        return 0
    if options.command == "sample":
        from .sample_command import sample

        sample(options.run, _sample_options(options))
        return 0
    if options.command == "pages":
        from .page_command import draw_pages

        draw_pages(options.weights, options.folder, options.count, options.seed, options.set)
        return 0
    if started_by_torchrun():
        return _work(options, command)
    _train(options, command, None)
    return 0


def _work(options: argparse.Namespace, command: tuple[str, ...]) -> int:
    """As one of the processes that torchrun has started. In a launch it returns 0 unless all are to be started again."""
    from .distributed import WorkerLost, join_ranks
    from .follower import follow

    launched = Launch.of_this_process()
    if launched is not None and launched.outcome is not None:
        return 0
    try:
        with join_ranks() as ranks:
            if ranks.rank > 0:
                follow(ranks)
                return 0
            _train(options, command, ranks)
            code = 0
    except WorkerLost:
        # Where another has told what is wrong, it is that what it was lost by.
        if launched is not None and launched.outcome is not None:
            return 0
        raise
    except (UserError, CommandExit) as error:
        code = _report(error)
    if launched is None:
        return code
    launched.note_outcome(code)
    return 0


def _begun_before(options: argparse.Namespace) -> Path | None:
    """The run that this command began when it was started before, and now goes on with; None: there is none."""
    launched = Launch.of_this_process()
    if launched is not None and launched.run is not None:
        return launched.run
    name = getattr(options, "run_name", None)
    run: Path | None = None if name is None else options.runs_dir / name
    return run if run is not None and started_again() and (run / "run.json").exists() else None


def _train(options: argparse.Namespace, command: tuple[str, ...], ranks: "Ranks | None") -> None:
    """ranks: the processes that train together; None: none but this one were started yet."""
    from . import commands

    begun = _begun_before(options)
    if begun is not None:
        again = commands.RunOptions(runs_dir=options.runs_dir, until=options.until, command=command, ranks=ranks)
        commands.resume(str(begun), again, None, False)
        return
    run_options = commands.RunOptions(
        runs_dir=options.runs_dir,
        run=getattr(options, "run_name", None),
        until=options.until,
        group=getattr(options, "group", None),
        name=getattr(options, "name", None),
        overrides=(*options.set, *_steps(options)),
        experiment_text=_text(getattr(options, "experiment_text", None)),
        command=command,
        ranks=ranks,
    )
    if options.command == "pretrain":
        commands.pretrain(options.file, run_options, options.source)
    elif options.command == "finetune":
        commands.finetune(options.file, run_options, options.source, options.from_scratch)
    else:
        commands.resume(options.run, run_options, options.steps, options.stretch_lr)


def _steps(options: argparse.Namespace) -> list[Override]:
    """`--steps N` is `--set <stage>.steps=N`; of a resume the run says which stage."""
    if options.command == "resume" or options.steps is None:
        return []
    return [Override(f"{options.command}.steps", str(options.steps))]


def _text(where: str | None) -> str | None:
    if where is None:
        return None
    launched = Launch.of_this_process()
    kept = None if launched is None else launched.experiment_text
    if kept is not None:
        return kept
    data = sys.stdin.buffer.read() if where == "-" else Path(where).read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise UserError(f"--experiment-text {where} is not valid UTF-8.") from None


def _sample_options(options: argparse.Namespace):  # noqa: ANN202
    from .sample_command import SampleOptions

    named = ("sampler", "steps", "eta", "guidance", "count", "weights")
    given = [(name, getattr(options, name)) for name in named]
    overrides = [Override(f"sample.{name}", str(value)) for name, value in given if value is not None]
    return SampleOptions(
        runs_dir=options.runs_dir,
        overrides=(*options.set, *overrides),
        seed=options.seed,
        label=options.label,
        out=options.out,
        trajectory=options.trajectory,
        images=options.images,
        overwrite=options.overwrite,
        json=options.json,
    )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="maskdm-torch",
        description="Trains masked diffusion models with PyTorch: the same experiment files and run folders as maskdm.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)
    for name, text in (
        (
            "pretrain",
            "Train on masked images: only the visible patches are seen and denoised. Prints the run's folder.",
        ),
        ("finetune", "Train on whole images, from the weights of a pretraining run. Prints the run's folder."),
    ):
        command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        command.add_argument("file", type=Path, help="experiment file (*.maskdm.yaml)")
        command.add_argument(
            "--from",
            dest="source",
            metavar="RUN",
            help="run, checkpoint folder or model.safetensors whose weights it starts from",
        )
        if name == "finetune":
            command.add_argument("--from-scratch", action="store_true", help="start from new weights")
        command.add_argument("--run", dest="run_name", metavar="NAME", help="name of the run's folder")
        command.add_argument("--group", help="group that lists show the run in")
        command.add_argument("--name", help="what lists call the run")
        command.add_argument(
            "--experiment-text",
            metavar="FILE",
            help="take the experiment's text from here (- is stdin); relative paths start at the file",
        )
        command.add_argument(
            "--steps", type=_positive, help="stop after this many optimiser steps, whatever the file says"
        )
        _shared(command)
    text = "Go on from a run's newest checkpoint, as if it had never stopped."
    command = commands.add_parser("resume", help=text, description=text, allow_abbrev=False)
    command.add_argument("run", help="run folder or id")
    command.add_argument("--steps", type=_positive, help="train up to this step, whatever the run's file says")
    command.add_argument(
        "--stretch-lr",
        action="store_true",
        help="stretch a falling learning rate over more steps, although it jumps up",
    )
    _shared(command)
    _add_sample(commands)
    _add_pages(commands)
    _add_bench(commands)
    return parser


def _shared(command: argparse.ArgumentParser) -> None:
    command.add_argument("--until", type=_positive, help="save and end at this step, to go on later")
    _places(command)


def _places(command: argparse.ArgumentParser) -> None:
    command.add_argument("--runs-dir", type=Path, default=Path("runs"), metavar="DIR", help="folder of the runs (runs)")
    _overrides(command)


def _overrides(command: argparse.ArgumentParser) -> None:
    text = "change a key of the experiment; may be repeated"
    command.add_argument("--set", type=_override, action="append", default=[], metavar="KEY=VALUE", help=text)


def _add_sample(commands: argparse._SubParsersAction[_Parser]) -> None:
    text = "Draw images with a run's weights; the same seed gives the same images. Prints the pictures' paths."
    command = commands.add_parser("sample", help=text, description=text, allow_abbrev=False)
    command.add_argument("run", help="run folder or id, or a checkpoint folder in a run")
    command.add_argument("--sampler", choices=("ddim", "ancestral", "dpmpp_2m", "euler", "heun"), help="sampler")
    command.add_argument("--steps", type=_positive, help="network evaluations per image")
    command.add_argument("--eta", type=_share, help="DDIM noise, 0 to 1")
    command.add_argument(
        "--guidance", type=_non_negative, help="how clearly images show their class: 1 as learned, 2 or 3 more"
    )
    command.add_argument("--count", type=_positive, help="images in the grid")
    command.add_argument("--weights", choices=("ema", "raw"), help="averaged or raw weights")
    command.add_argument("--seed", type=_whole, help="seed of the noise (default: the experiment's)")
    command.add_argument("--label", help="class of every image, by name or number (class-conditional models)")
    command.add_argument(
        "--trajectory",
        type=_positive,
        nargs="?",
        const="usual",
        metavar="N",
        help="also a picture of the way there, at n times",
    )
    command.add_argument("--images", action="store_true", help="also each image as a PNG of its own")
    command.add_argument("--out", type=Path, metavar="FILE", help="PNG to write (default: in the run's samples folder)")
    command.add_argument(
        "--overwrite", action="store_true", help="replace pictures of another drawing that are in the way"
    )
    command.add_argument(
        "--json", action="store_true", help="print the pictures' paths and how they were drawn as JSON"
    )
    _places(command)


def _add_pages(commands: argparse._SubParsersAction[_Parser]) -> None:
    text = "Draw the images that `maskdm evaluate` measures, as pages of pixels. Prints how many there are."
    command = commands.add_parser("pages", help=text, description=text, allow_abbrev=False)
    command.add_argument("weights", type=Path, help="model.safetensors or ema.safetensors of a checkpoint in a run")
    command.add_argument(
        "--folder", type=Path, required=True, metavar="DIR", help="folder of the pages, which is there"
    )
    command.add_argument("--count", type=_positive, required=True, help="images in all")
    command.add_argument("--seed", type=_whole, required=True, help="seed of the noise")
    _overrides(command)


def _add_bench(commands: argparse._SubParsersAction[_Parser]) -> None:
    text = "Time pretraining steps on this machine: images per second, peak memory. Warm-up is left out."
    command = commands.add_parser("bench", help=text, description=text, allow_abbrev=False)
    command.add_argument("file", type=Path, help="experiment file")
    command.add_argument("--mask-rates", type=_rates, metavar="LIST", help="mask rates (default: the file's, and 0)")
    command.add_argument("--batch-sizes", type=_sizes, metavar="LIST", help="batch sizes (default: the file's)")
    command.add_argument("--steps", type=_positive, default=10, help="steps measured for each row (10)")
    command.add_argument("--json", action="store_true", help="print machine and rows as JSON")
    _overrides(command)


def _rates(text: str) -> list[float]:
    rates = [_non_negative(part) for part in text.split(",")]
    if max(rates) >= 1:
        raise argparse.ArgumentTypeError(f"{text}: each rate must be at least 0 and below 1.")
    return rates


def _sizes(text: str) -> list[int]:
    return [_positive(part) for part in text.split(",")]


def _override(text: str) -> Override:
    path, equals, value = text.partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z_][\w-]*(\.[\w-]+)*", path.strip()):
        raise argparse.ArgumentTypeError(f"{text}: it must read key=value, such as pretrain.steps=1000.")
    return Override(path.strip(), value.strip())


def _whole(text: str) -> int:
    if not re.fullmatch(r"[0-9]+", text):
        raise argparse.ArgumentTypeError(f"{text}: a whole number is needed.")
    return int(text)


def _positive(text: str) -> int:
    value = _whole(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: it must be at least 1.")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: a number is needed.") from None


def _non_negative(text: str) -> float:
    value = _number(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: a number that is at least 0 is needed.")
    return value


def _share(text: str) -> float:
    value = _number(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text}: a number from 0 to 1 is needed.")
    return value
