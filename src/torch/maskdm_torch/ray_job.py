"""A training as a job of a Ray cluster: Ray Train starts its processes, and all of them again where one, or its machine, is lost.

    python -m maskdm_torch.ray_job

is the job's driver. Whoever submits it makes the folder of the launch (launch.py) beside the runs, where all machines reach it, with
order.json (Order) in it. What the processes say they write into files there, which the driver prints as they grow.

It ends with the training's exit code, or with LOST: processes were lost too often, and whoever has submitted the job may do so again.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import about
from .launch import FOLDER, RESTARTS, Launch
from .machine import CORES
from .progress import say

LOST = 75
_LOOK_EVERY_SECONDS = 0.5
#: Processes that have not begun after so long wait for something that a user may want to know of.
_PATIENCE_SECONDS = 15


@dataclass(frozen=True)
class Order:
    #: of maskdm_torch; absolute paths
    args: list[str]
    workers: int
    #: of each worker
    cpus_per_worker: int
    #: of each worker; "auto": one where the cluster has any
    gpus_per_worker: float | str
    #: whether a job before has begun the run, which then goes on
    again: bool


def main() -> int:
    folder = Path(os.environ[FOLDER])
    problem = _problem_with(folder) or _ray_problem() or _python_problem()
    if problem is not None:
        say(f"error: {problem}")
        return 1
    order = Order(**json.loads((folder / "order.json").read_text("utf-8")))
    _train(order, folder)
    launched = Launch(folder)
    if launched.outcome is not None:
        return launched.outcome
    # What could not begin in so many tries would not in others.
    return LOST if order.again or launched.run is not None else 1


def _problem_with(folder: Path) -> str | None:
    if folder.is_dir():
        return None
    return (
        f"{folder} is not there on {socket.gethostname()}, a machine of the Ray cluster. Its machines have to reach the folder of the "
        "runs, and the images, by the paths that they have where the run is started: share them (docs/cluster.md)."
    )


def _ray_problem() -> str | None:
    try:
        import ray.train.collective
        import ray.train.torch  # noqa: F401
    except ImportError as error:
        return (
            f"{sys.executable} of {socket.gethostname()}, the `python` of the Ray cluster's head, has no Ray Train that can be used "
            f"({error}). Install on all its machines: {sys.executable} -m pip install 'ray[train]==2.60.0'"
        )
    return None


def _python_problem() -> str | None:
    """What this machine's Python lacks, for people."""
    found = about.problem()
    if found is None:
        return None
    packages = " ".join(about.PACKAGES.values())
    return (
        f"{found['reason']}, on {socket.gethostname()}, a machine of the Ray cluster. "
        f"Install on all its machines: {sys.executable} -m pip install {packages}"
    )


def _train(order: Order, folder: Path) -> None:
    """Returns when the training has ended, or is given up."""
    import ray
    from ray.exceptions import RayError
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.backend import Backend
    from ray.train.torch import TorchConfig, TorchTrainer

    class NoGroup(TorchConfig):
        """No process group of Ray's own processes: each starts one of the training's, which make theirs (distributed.py)."""

        backend_cls = Backend
        train_func_context = nullcontext

    # Nothing of what Ray says of its own processes is of the training.
    ray.init(log_to_driver=False, logging_level="ERROR")
    gpus = order.gpus_per_worker
    if isinstance(gpus, str):
        gpus = 1 if ray.cluster_resources().get("GPU", 0) > 0 else 0
    each = {"CPU": order.cpus_per_worker, **({"GPU": gpus} if gpus > 0 else {})}
    trainer = TorchTrainer(
        _work,
        torch_config=NoGroup(),
        train_loop_config={"args": order.args, "cores": order.cpus_per_worker, "again": order.again},
        scaling_config=ScalingConfig(num_workers=order.workers, use_gpu=gpus > 0, resources_per_worker=each),
        run_config=RunConfig(name="ray", storage_path=str(folder), failure_config=FailureConfig(max_failures=RESTARTS)),
    )
    with _printing(folder), _telling_what_is_waited_for(folder, order.workers, each):
        try:
            trainer.fit()
        except (RayError, RuntimeError) as error:
            say(f"error: the processes of this training were lost {RESTARTS + 1} times: {_last_line(error)}")


def _last_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


@contextmanager
def _meanwhile(look: Callable[[], None]) -> Iterator[None]:
    """Calls look() now and then, and once more at the end."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(_LOOK_EVERY_SECONDS):
            look()
        look()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def _printing(folder: Path) -> Iterator[None]:
    """Prints what the processes say."""
    printed: dict[Path, int] = {}

    def look() -> None:
        for path in sorted(folder.glob("said-*")):
            with path.open("rb") as file:
                file.seek(printed.get(path, 0))
                text = file.read()
            printed[path] = printed.get(path, 0) + len(text)
            sys.stderr.buffer.write(text)
        sys.stderr.flush()

    with _meanwhile(look):
        yield


@contextmanager
def _telling_what_is_waited_for(folder: Path, workers: int, each: dict[str, float]) -> Iterator[None]:
    """Says what the cluster lacks, once, where the processes do not begin."""
    import ray

    begun_at = time.monotonic()
    told = False

    def look() -> None:
        nonlocal told
        if told or time.monotonic() - begun_at < _PATIENCE_SECONDS or any(folder.glob("said-*")):
            return
        total, free = ray.cluster_resources(), ray.available_resources()
        if all(workers * of_one <= free.get(kind, 0) for kind, of_one in each.items()):
            return
        told = True
        kinds = ", ".join(
            f"{workers * of_one:g} {kind}s ({total.get(kind, 0):g} in the cluster, {free.get(kind, 0):g} of them free)"
            for kind, of_one in each.items()
        )
        say(f"waiting for machines: {workers} {'worker takes' if workers == 1 else 'workers take'} {kinds}")

    with _meanwhile(look):
        yield


def _work(config: dict[str, Any]) -> None:
    """In one of Ray's processes: starts the trainer as torchrun would. Raises RuntimeError to have all started again."""
    import ray.train
    import ray.util
    from ray.train.collective import broadcast_from_rank_zero

    context, folder = ray.train.get_context(), Path(os.environ[FOLDER])
    rank, problem = context.get_world_rank(), _problem_with(folder)
    if problem is not None:
        raise RuntimeError(problem)
    host, port = broadcast_from_rank_zero((ray.util.get_node_ip_address(), _free_port()))
    with (folder / f"said-{rank:04d}").open("ab") as said:
        problem = _python_problem()
        if problem is not None:
            said.write(f"error: {problem}\n".encode())
            Launch(folder).note_outcome(1)
            return
        environment = {
            **os.environ,
            CORES: str(config["cores"]),
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
            "TORCHELASTIC_RUN_ID": "ray",
            "TORCHELASTIC_RESTART_COUNT": str(int(config["again"])),
            "RANK": str(rank),
            "WORLD_SIZE": str(context.get_world_size()),
            "LOCAL_RANK": str(context.get_local_rank()),
            "LOCAL_WORLD_SIZE": str(context.get_local_world_size()),
            "MASTER_ADDR": host,
            "MASTER_PORT": str(port),
        }
        # A process of its own, whose main thread takes signals, and which leaves nothing behind.
        command = [sys.executable, "-m", "maskdm_torch", *config["args"]]
        ended = subprocess.run(
            command,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=said,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            check=False,
        )
    if ended.returncode != 0:
        raise RuntimeError(f"process {rank} of the training ended with {ended.returncode}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("", 0))
        port: int = found.getsockname()[1]
        return port


def _die_with_parent() -> None:
    """Where nobody is left who would end it."""
    import ctypes
    import signal

    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


if __name__ == "__main__":
    # Not this module under another name: what is sent to the workers is found there by its own.
    from maskdm_torch import ray_job

    sys.exit(ray_job.main())
