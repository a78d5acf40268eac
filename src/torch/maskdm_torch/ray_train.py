"""Trains on a Ray cluster: Ray Train starts the processes, and starts them again where one, or its machine, is lost.

    python -m maskdm_torch.ray_train REQUEST

drives it, as torchrun does on one machine. The request is JSON: {"workers", "address", "args"}. Machines of the
cluster reach experiment, images, runs and this package by the same paths, as over a file system that they share.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from .launch import FOLDER, RESTARTS, Launch
from .progress import say


def main(request: dict[str, Any]) -> int:
    import ray
    from ray.exceptions import RayError
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.base_trainer import TrainingFailedError
    from ray.train.torch import TorchConfig, TorchTrainer

    # Ray's own processes find this package, too.
    places = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {"PYTHONPATH": os.pathsep.join(places)}
    address, workers = request["address"], request["workers"]
    try:
        if address is not None:
            _knock(address)
        ray.init(address or "auto", runtime_env={"env_vars": environment}, log_to_driver=False, logging_level="ERROR")
    except (OSError, RayError, RuntimeError, ValueError) as error:
        where = "that this machine is part of" if address is None else f"at {address}"
        why = str(error).splitlines()[0]
        say(
            f"error: there is no Ray cluster {where} ({why}). "
            "Start one with `ray start --head`, or name its head by compute.address."
        )
        return _told()
    has_gpus = ray.cluster_resources().get("GPU", 0) > 0
    kind = "GPU" if has_gpus else "CPU"
    there = int(ray.cluster_resources().get(kind, 0))
    if there < workers:
        say(f"{workers} workers wait until the cluster has as many {kind}s; it has {there}")
    trainer = TorchTrainer(
        _work,
        train_loop_config={"args": request["args"], "cwd": os.getcwd(), FOLDER: os.environ[FOLDER]},
        # A group of its own, by which the workers agree on where to meet.
        torch_config=TorchConfig(backend="gloo"),
        scaling_config=ScalingConfig(num_workers=workers, use_gpu=has_gpus),
        run_config=RunConfig(
            name="ray", storage_path=os.environ[FOLDER], failure_config=FailureConfig(max_failures=RESTARTS)
        ),
    )
    try:
        trainer.fit()
    except (TrainingFailedError, RayError):
        return 1
    return 0


def _knock(address: str) -> None:
    """Ray itself tries for a minute. Raises OSError or ValueError where nobody answers."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=5):
        pass


def _told() -> int:
    """The exit code of a mistake that was told: nobody need tell that the training did not begin."""
    launched = Launch.of_this_process()
    if launched is not None:
        launched.note_outcome(1)
    return 1


def _work(config: dict[str, Any]) -> None:
    """In one of Ray's processes: starts the trainer as torchrun would. Raises RuntimeError to have all started again."""
    import ray.train
    import ray.util
    import torch.distributed as dist

    context = ray.train.get_context()
    meeting = [(ray.util.get_node_ip_address(), _free_port())]
    dist.broadcast_object_list(meeting, 0)
    environment = {
        **os.environ,
        FOLDER: config[FOLDER],
        "TORCHELASTIC_RUN_ID": "ray",
        "RANK": str(context.get_world_rank()),
        "WORLD_SIZE": str(context.get_world_size()),
        "LOCAL_RANK": str(context.get_local_rank()),
        "LOCAL_WORLD_SIZE": str(context.get_local_world_size()),
        "MASTER_ADDR": meeting[0][0],
        "MASTER_PORT": str(meeting[0][1]),
    }
    # A process of its own, whose main thread takes signals, and which leaves nothing behind.
    command = [sys.executable, "-m", "maskdm_torch", *config["args"]]
    ended = subprocess.run(command, env=environment, cwd=config["cwd"], preexec_fn=_die_with_parent, check=False)
    if ended.returncode != 0:
        raise RuntimeError(f"a training process ended with {ended.returncode}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("", 0))
        port: int = found.getsockname()[1]
        return port


def _die_with_parent() -> None:
    """In Linux, where nobody is left who would end it."""
    if sys.platform == "linux":
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
