"""The training loop of one session: steps, metrics, checkpoints, sample grids, until the end or a stop."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from .batch_source import BatchSource
from .batches import TrainingBatch
from .checkpoints import checkpoint_name
from .compiled import given_up
from .dataset import Dataset
from .drawing import drawing_of
from .drawing_files import DrawingFiles
from .engine import AveragedNetwork, evaluating, is_out_of_memory, smaller_micro_batch
from .errors import UserError
from .evaluations import evaluate
from .experiment import Experiment, Stage
from .files import DiskError
from .held_out import held_out_loss
from .late_metrics import LateMetrics
from .machine import resident_bytes
from .masks import mask_pieces
from .metrics import MetricsWindow, read_step_line
from .optimizer import learning_rate
from .picture_pages import grid_layout
from .progress import Progress
from .run_lock import LockLostError
from .run_writer import RunWriter
from .sample_pictures import draw_to_files
from .status import FinalState
from .stop_request import GivenUp, StopRequest
from .training_state import StepMetrics, TrainingState

#: A network has lost what it knew if in so many of the last steps the loss was above so many times that of predicting
#: nothing.
_GUARD_STEPS = 20
_DIVERGED_STEPS = 15
_GUARD_LIMIT = 3


@dataclass(frozen=True)
class TrainingSetup:
    experiment: Experiment
    stage: Stage
    run: RunWriter
    state: TrainingState
    source: BatchSource
    dataset: Dataset
    device: torch.device
    stop: StopRequest
    progress: Progress
    #: state.json of the checkpoint to go on from; None: from step 0
    resumed: dict[str, Any] | None
    #: step behind which none is trained in this session
    pause_at: int | None
    #: identifies the images, to notice a change before a resume
    fingerprint: dict[str, Any]
    #: numbers of the classes that are drawn; None: all, or there are none
    chosen: list[int] | None
    versions: dict[str, str]
    backend: str
    #: a line for the user
    note: Callable[[str], None]


@dataclass(frozen=True)
class TrainingEnd:
    state: FinalState
    step: int
    message: str


class DivergedError(UserError):
    """The weights broke; the run ends as diverged."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}; the last checkpoint is kept. A lower lr, a longer warmup_steps or clip_grad: 1 usually helps.",
            "failure",
        )


class _Diverged(Exception):
    """The loss says so. step: those that were done before."""

    def __init__(self, step: int, what: str) -> None:
        super().__init__(what)
        self.step = step


@dataclass
class _SinceLine:
    """Since the last line of metrics."""

    seconds: float = 0.0
    wait: float = 0.0
    steps: int = 0


class TrainingLoop:
    def __init__(self, setup: TrainingSetup) -> None:
        self._setup = setup
        self._config = setup.experiment.stage(setup.stage)
        self._window = MetricsWindow(setup.experiment.diffusion.timesteps)
        resumed = setup.resumed or {}
        self._window.restore(resumed.get("loop", {}).get("window"))
        self._first_step: int = resumed.get("step", 0)
        self._first_images: int = resumed.get("imagesSeen", 0)
        #: seconds of training since step 0; what is done between steps is left out
        self._seconds: float = resumed.get("elapsedSeconds", 0)
        self._step = self._saved_at = self._first_step
        self._end = min(self._config.steps, setup.pause_at or self._config.steps)
        #: steps whose metrics have not been looked at: a device works on while those of the step before are read
        self._pending: deque[tuple[int, LateMetrics]] = deque()
        self._lag = 1 if setup.device.type == "cuda" else 0
        self._high: deque[bool] = deque(maxlen=_GUARD_STEPS)
        self._since = _SinceLine()
        self._note = ""
        self._seconds_per_step: float | None = None
        self._pieces = mask_pieces(setup.experiment, setup.stage)
        #: seconds of checkpoints, sample grids and measurements, and how many there were
        self._events: dict[str, tuple[float, int]] = {}
        #: whether something due at the last step was not drawn or measured
        self._is_lacking = False
        self._gradient_norm: float | None = None

    def run(self) -> TrainingEnd:
        """Trains from where the setup says to the end of the stage, a stop, or until the loss diverges. Raises
        UserError."""
        setup = self._setup
        setup.run.status.update(state="running")
        try:
            if self._step > 0:
                self._make_up()
            while self._step < self._end:
                if (reason := setup.stop.reason) is not None:
                    return self._stopped(reason)
                self._train_step()
                self._after_step()
            self._settle(0)
        except _Diverged as diverged:
            return self._diverged(diverged)
        if self._step < self._config.steps:
            return self._ended("stopped", f"paused at step {self._step} of {self._config.steps}")
        # A resume of a run that has not finished makes up for what the last step lacks.
        if self._is_lacking and (reason := setup.stop.reason) is not None:
            return self._stopped(reason)
        return self._ended("finished", f"finished {self._config.steps} steps")

    def _train_step(self) -> None:
        began = time.monotonic()
        batch = self._setup.source.batch(self._step)
        ready = time.monotonic()
        metrics = self._update(batch)
        self._pending.append((self._step, LateMetrics(metrics)))
        self._step += 1
        self._settle(0 if self._is_due_at(self._step) else self._lag)
        ended = time.monotonic()
        if self._step == self._first_step + 1:
            self._setup.run.log(f"first step of {ended - began:.2f} s")
            if (functions := given_up()) > 0:
                self._setup.run.log(
                    f"PyTorch could not compile {functions} functions, which run as they are, more slowly"
                )
        self._seconds += ended - began
        self._since.seconds += ended - began
        self._since.wait += ready - began
        self._since.steps += 1

    def _update(self, batch: TrainingBatch) -> StepMetrics:
        setup = self._setup
        while True:
            try:
                return setup.state.update(batch, self._line_due(self._step + 1))
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                size = smaller_micro_batch(setup.state, setup.experiment, setup.stage)
                setup.state.micro_batch_size = size
                setup.run.log(f"the device has too little memory: from step {self._step} on in micro-batches of {size}")

    def _settle(self, left: int) -> None:
        """Looks at the metrics of all pending steps but the newest `left`."""
        while len(self._pending) > left:
            step, late = self._pending.popleft()
            metrics = late.read()
            losses = metrics.losses.tolist()
            if not metrics.is_finite():
                raise _Diverged(step, f"at step {step + 1} the loss is no longer a number")
            self._gradient_norm = None if metrics.gradient_norm is None else metrics.gradient_norm.item()
            self._window.add(losses, metrics.timesteps.tolist())
            self._high.append(sum(losses) / len(losses) > _GUARD_LIMIT * metrics.nothing.item())
            if sum(self._high) >= _DIVERGED_STEPS:
                what = (
                    f"in most of the {_GUARD_STEPS} steps up to {step + 1} the loss was above "
                    f"{_GUARD_LIMIT} times that of predicting nothing"
                )
                raise _Diverged(step + 1, what)

    # What is due

    def _due(self, step: int, every: int) -> bool:
        return every > 0 and (step % every == 0 or step == self._config.steps)

    def _held_out_due(self, step: int) -> bool:
        return len(self._setup.dataset.held_out) > 0 and self._due(step, self._config.held_out_every)

    def _evaluation_due(self, step: int) -> bool:
        return self._due(step, self._config.evaluate_every)

    def _line_due(self, step: int) -> bool:
        return self._due(step, self._config.log_every) or self._held_out_due(step) or self._evaluation_due(step)

    def _samples_due(self, step: int) -> bool:
        return self._due(step, self._config.sample_every)

    def _passed_checkpoint(self, step: int) -> bool:
        """Whether a checkpoint should have been saved since the last one was."""
        every = self._config.checkpoint_every
        return step // every > self._saved_at // every

    def _is_due_at(self, step: int) -> bool:
        return self._line_due(step) or self._samples_due(step) or self._passed_checkpoint(step) or step == self._end

    # Between steps

    def _after_step(self) -> None:
        step, setup = self._step, self._setup
        self._is_lacking = False
        line = self._take_line() if self._line_due(step) else None
        setup.progress.update(step, self._note, self._seconds_left)
        piece = next((piece for piece in self._pieces if step == piece.start), None)
        if piece is not None:
            visible = f"S = {piece.mask.visible_tokens} of {piece.mask.tokens} tokens"
            setup.run.log(f"the mask changes: {piece.name}, steps {piece.start} to {piece.until - 1}: {visible}")
        setup.run.status.update(step=step, images_seen=self._images_at(step))
        if line is not None:
            if self._held_out_due(step):
                line = self._with_held_out(line)
            setup.run.metrics.append(line)
        # While the loss explodes nothing is saved, or checkpoints of a lost network would push out the good ones.
        is_wanted = self._passed_checkpoint(step) or self._evaluation_due(step)
        if step == self._config.steps or (is_wanted and True not in self._high):
            self._checkpoint()
        if self._samples_due(step):
            self._draw_samples()
        if line is not None and self._evaluation_due(step):
            self._evaluate(line)

    def _make_up(self) -> None:
        """The session before may have ended between saving and drawing or measuring."""
        step, run = self._step, self._setup.run
        if self._samples_due(step) and not self._has_samples():
            self._draw_samples()
        line = read_step_line(run.path, step)
        if line is None:
            return
        if self._held_out_due(step) and "heldOutLoss" not in line:
            line = self._with_held_out(line)
            run.metrics.append(line)
        if self._evaluation_due(step) and "kid" not in line:
            self._evaluate(line)

    def _between(self, kind: str, done: str, work: Callable[[], Any]) -> Any:
        """Work that a stop does not wait for, and that does not end the run where it fails; None: it was given up or
        failed."""
        setup, began = self._setup, time.monotonic()
        what = f"{kind} of step {self._step}"
        try:
            with evaluating(setup.state.network):
                return work()
        except (DiskError, LockLostError):
            raise  # as checkpoints will be refused, too
        except GivenUp:
            setup.run.log(f"{what} given up for the stop; a resume makes up for it")
        except Exception as error:  # noqa: BLE001
            line = (
                f"{what} could not be {done}, the run goes on: "
                f"{str(error).splitlines()[0] if str(error) else type(error).__name__}"
            )
            setup.run.log(line)
            setup.note(line)
        finally:
            self._took(kind, time.monotonic() - began)
        self._is_lacking = True
        return None

    def _took(self, kind: str, seconds: float) -> None:
        before, times = self._events.get(kind, (0.0, 0))
        self._events[kind] = (before + seconds, times + 1)

    def _draw_samples(self) -> None:
        setup, experiment = self._setup, self._setup.experiment
        drawing = drawing_of(
            experiment,
            run=setup.run.id,
            stage=setup.stage,
            step=self._step,
            weights=experiment.sample.weights,
            seed=experiment.seed,
            chosen=setup.chosen,
            backend=setup.backend,
            versions={name: setup.versions[name] for name in ("maskdm", "backend")},
        )
        grid = grid_layout(experiment.sample.count, experiment.data.image_size)
        # A step that is trained again has other samples than it had, like its lines of metrics.
        files = DrawingFiles(drawing, grid, None, False, setup.run.sample_path(self._step), True)
        network = AveragedNetwork(setup.state) if experiment.sample.weights == "ema" else setup.state.network
        self._between(
            "samples",
            "drawn",
            lambda: draw_to_files(network, experiment, files, setup.device, lambda _: setup.stop.check()),
        )

    def _has_samples(self) -> bool:
        """Whether the grid of the step is there to its last page."""
        path = self._setup.run.sample_path(self._step)
        pages = grid_layout(self._setup.experiment.sample.count, self._setup.experiment.data.image_size).pages
        return path.exists() if pages == 1 else path.with_name(f"{path.stem}-page-{pages}-of-{pages}.png").exists()

    def _with_held_out(self, line: dict[str, Any]) -> dict[str, Any]:
        setup = self._setup
        setup.progress.update(self._step, "measuring the held-out loss", self._seconds_left)
        network = AveragedNetwork(setup.state)
        measured = self._between(
            "held-out loss",
            "measured",
            lambda: held_out_loss(setup.experiment, setup.dataset.held_out, network, setup.device, setup.stop.check),
        )
        return line if measured is None else {**line, "heldOutLoss": measured[0], "heldOutError": measured[1]}

    def _evaluate(self, line: dict[str, Any]) -> None:
        """Of the step's checkpoint. Writes its line again: that takes long, and what is known is not to wait for it."""
        setup, step = self._setup, self._step
        if self._saved_at != step:
            setup.run.log(f"no evaluation of step {step}: while the loss explodes nothing is saved")
            return

        def measure() -> tuple[float, float]:
            return evaluate(
                setup.run.path / "checkpoints" / checkpoint_name(step),
                self._config.evaluate_samples,
                setup.stop.check,
                lambda text: setup.progress.update(step, text, self._seconds_left),
            )

        measured = self._between("evaluation", "made", measure)
        if measured is not None:
            kid, error = measured
            setup.run.log(f"evaluation of step {step}: KID {kid:.3g} ± {error:.3g}")
            setup.run.metrics.append({**line, "kid": kid, "kidError": error})

    def _images_at(self, step: int) -> int:
        """The sessions before may have had another batch size."""
        return self._first_images + (step - self._first_step) * self._config.batch_size

    def _take_line(self) -> dict[str, Any]:
        """The line of metrics of the step just done."""
        config, since = self._config, self._since
        means = self._window.take()
        rate = since.steps * config.batch_size / since.seconds if since.seconds > 0 else 0.0
        wait = 100 * since.wait / since.seconds if since.seconds > 0 else 0.0
        loss = means["loss"]
        self._note = f"{'' if loss is None else f'loss {loss:.4f} · '}data wait {wait:.1f} %"
        self._seconds_per_step = config.batch_size / rate if rate > 0 else None
        self._setup.run.status.update(loss=loss, images_per_second=rate, eta_seconds=self._seconds_left)
        self._since = _SinceLine()
        return {
            "step": self._step,
            "images": self._images_at(self._step),
            "seconds": self._seconds,
            **means,
            "lr": float(learning_rate(config, self._step - 1)),
            "gradNorm": self._gradient_norm,
            "imagesPerSecond": rate,
            "dataWaitSeconds": since.wait,
            "memoryBytes": resident_bytes(),
        }

    @property
    def _seconds_left(self) -> float | None:
        """Steps of another mask take as much longer or shorter as they have tokens; what was not done yet takes
        nothing."""
        if self._seconds_per_step is None:
            return None
        step, config = self._step, self._config
        drops = self._setup.experiment.mask.mode == "drop"
        now = self._setup.source.visible_tokens(max(0, step - 1))
        tokens = sum(
            max(0, min(piece.until, config.steps) - max(piece.start, step))
            * (piece.mask.visible_tokens / now if drops else 1)
            for piece in self._pieces
        )
        left = self._seconds_per_step * tokens
        for kind, every in (
            ("checkpoints", config.checkpoint_every),
            ("samples", config.sample_every),
            ("held-out loss", config.held_out_every),
            ("evaluation", config.evaluate_every),
        ):
            seconds, times = self._events.get(kind, (0.0, 0))
            if times and every:
                left += seconds / times * (-(-config.steps // every) - step // every)
        return left

    def _checkpoint(self) -> None:
        setup, step = self._setup, self._step
        if self._saved_at == step and step > 0:
            return
        self._settle(0)
        # A checkpoint with broken weights would push out a good one.
        if not setup.state.is_finite():
            raise DivergedError("weights are no longer numbers")
        began = time.monotonic()
        classes = setup.dataset.classes
        state = {
            "stage": setup.stage,
            "step": step,
            "imagesSeen": self._images_at(step),
            "emaUpdates": step,
            "elapsedSeconds": self._seconds,
            **({} if classes is None else {"classes": classes}),
            "loop": {"window": self._window.save(), "data": setup.fingerprint},
        }
        tensors = {
            which: {name: tensor.detach().cpu().numpy() for name, tensor in part.items()}
            for which, part in setup.state.tensors().items()
        }
        setup.run.save_checkpoint(state, tensors, self._config.keep_checkpoints, self._config.keep_every)
        self._saved_at = step
        self._took("checkpoints", time.monotonic() - began)

    # Ends

    def _stopped(self, reason: str) -> TrainingEnd:
        self._setup.run.status.update(state="stopping")
        self._setup.run.log(f"stop asked for by {reason}")
        return self._ended("stopped", f"stopped at step {self._step} of {self._config.steps}")

    def _ended(self, state: FinalState, message: str) -> TrainingEnd:
        self._checkpoint()
        return TrainingEnd(state, self._step, message)

    def _diverged(self, diverged: _Diverged) -> TrainingEnd:
        step = diverged.step
        self._setup.run.status.update(step=step, images_seen=self._images_at(step))
        kept = (
            f"the checkpoint of step {self._saved_at} is kept"
            if self._saved_at > 0
            else "there is no checkpoint before it"
        )
        advice = "a lower lr, a longer warmup_steps, clip_grad: 1 or a larger batch_size usually helps"
        return TrainingEnd("diverged", step, f"{diverged}; {kept}; {advice}")
