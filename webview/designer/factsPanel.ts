/** What the experiment comes to: tokens, cost, memory and time of the stage that is looked at. */
import { numberedClass } from "../../src/core/classes/classText.ts";
import { forecast } from "../../src/core/cost/forecast.ts";
import { BASIS_TEXT } from "../../src/core/cost/forecastText.ts";
import { type PieceFacts, type StageFacts, stageFacts } from "../../src/core/cost/stageFacts.ts";
import type { Experiment } from "../../src/core/experiment/schema.ts";
import { pieceAt, stepsText } from "../../src/core/masks/schedule.ts";
import { percent } from "../../src/core/numbers.ts";
import type { Stage } from "../../src/core/random/streams.ts";
import { trainsWithTorch } from "../../src/core/torch/trainsWithTorch.ts";
import { control } from "../ui/controls.ts";
import { duration } from "../ui/duration.ts";
import { element } from "../ui/element.ts";
import { factTile } from "../ui/factTile.ts";
import { icon } from "../ui/icons.ts";
import type { DesignerModel } from "./model.ts";
import { bytes, count, relative, share, short } from "./numbers.ts";
import type { PageActions } from "./pageActions.ts";

/** Classes named at most. */
const MOST_CLASSES = 100;

/** A screen reader is told when nothing was changed for so long. */
const TELL_AFTER_MS = 900;

export class FactsPanel {
  readonly element: HTMLElement;
  private readonly tokens = factTile("Tokens N", "Patches of an image: the tokens of the whole grid");
  private readonly visible = factTile("Visible S", "Tokens of each image that no block goes without");
  private readonly rate = factTile("Mask rate", "Share of hidden tokens that the strategy gives");
  private readonly batch = factTile("Tokens per batch", "Visible tokens of all images of a step");
  private readonly cost = factTile(
    "Cost per step",
    "Matrix products of a step, relative to the same step without a mask",
  );
  private readonly memory = factTile("Memory", "Predicted peak memory of training");
  private readonly speed = factTile("Speed", "Images a second on this machine, estimated");
  private readonly time = factTile(
    "Time to finish",
    "The whole stage on this machine, its checkpoints and sample grids included",
  );
  private readonly classes = factTile("Classes", "Folders that make classes, each with its number");
  private readonly basis = element("p", { class: "basis" });
  private readonly measureButton: HTMLElement & { disabled: boolean };
  private readonly live = element("p", { class: "visually-hidden", role: "status" });
  private telling: number | undefined;

  constructor(
    private readonly model: DesignerModel,
    actions: PageActions,
  ) {
    this.classes.element.classList.add("wide");
    this.measureButton = control("button", { appearance: "secondary" }, icon("gauge"), "Measure this machine");
    this.measureButton.addEventListener("click", () => actions.measure());
    const tiles = [
      this.tokens,
      this.visible,
      this.rate,
      this.batch,
      this.cost,
      this.memory,
      this.speed,
      this.time,
      this.classes,
    ];
    this.element = element(
      "section",
      { class: "card facts", "aria-label": "Facts" },
      element("dl", { class: "tiles-of-facts" }, ...tiles.map((each) => each.element)),
      element("div", { class: "facts-foot" }, this.basis, this.measureButton),
      this.live,
    );
  }

  update(): void {
    const { lastGood, view, facts: machine } = this.model;
    if (lastGood === null) return;
    const torch = trainsWithTorch(lastGood, machine.autoTakesTorch === true);
    const facts = stageFacts(lastGood, view.stage, torch ? null : (machine.memoryBytes ?? null));
    this.element.classList.toggle("stale", facts === null || this.model.reading.experiment === null);
    if (facts !== null) this.show(lastGood, view.stage, facts, pieceAt(facts.pieces, view.step));
    this.showSpeed(lastGood, view.stage);
    this.showClasses(lastGood);
  }

  private showClasses(experiment: Experiment): void {
    const classes = this.model.classesOf(experiment);
    this.classes.element.hidden = classes === null;
    if (classes === null) return;
    const { entries } = classes;
    const texts = entries.map(({ name, number }) => numberedClass(name, number));
    const isNumbered = entries.every(({ number }) => number !== null);
    const more = texts.length > MOST_CLASSES ? ` and ${count(texts.length - MOST_CLASSES)} more` : "";
    const list = `${texts.slice(0, MOST_CLASSES).join(", ")}${more}`;
    this.classes.set(
      `${count(entries.length)} of ${count(experiment.model.num_classes)}`,
      isNumbered ? list : `not numbered, see problems: ${list}`,
      isNumbered ? undefined : "bad",
    );
  }

  /** @param piece of the step that is looked at */
  private show(experiment: Experiment, stage: Stage, facts: StageFacts, piece: PieceFacts): void {
    const { geometry: mask } = piece;
    const isOne = facts.pieces.length === 1;
    const grid = `${mask.gridSize} × ${mask.gridSize} patches`;
    this.tokens.set(count(mask.tokens), grid);
    this.visible.set(count(mask.visibleTokens), `${short((100 * mask.visibleTokens) / mask.tokens)} % of N`);
    this.rate.set(
      share(mask.effectiveRate),
      stage === "finetune"
        ? "whole images"
        : `${isOne ? "" : `${stepsText(piece)}, `}${mask.askedRate === mask.effectiveRate ? "as asked" : `asked ${share(mask.askedRate)}`}`,
    );
    this.batch.set(count(piece.tokensPerBatch), `${count(facts.batchSize)} images × ${count(mask.visibleTokens)}`);
    const less = piece.relativeCost < 1 ? `${short(1 / piece.relativeCost)}× less work` : "no mask";
    this.cost.set(relative(piece.relativeCost), less, piece.relativeCost < 1 ? "good" : undefined);
    const passes = `${count(piece.microBatchSize)} of ${count(facts.batchSize)} at a time${isOne ? "" : ", largest of all pieces"}`;
    const memoryNote = facts.fits === false ? "more than a step may take" : passes;
    this.memory.set(bytes(facts.memoryBytes), memoryNote, facts.fits === false ? "bad" : undefined);
    window.clearTimeout(this.telling);
    this.telling = window.setTimeout(() => {
      const steps = `${count(experiment[stage].steps)} steps`;
      this.live.textContent =
        `${mask.visibleTokens} of ${mask.tokens} tokens visible, mask rate ${share(mask.effectiveRate)}, ` +
        `${relative(piece.relativeCost)} of the work of a whole image, ${bytes(facts.memoryBytes)}, ${steps}.`;
    }, TELL_AFTER_MS);
  }

  private showSpeed(experiment: Experiment, stage: Stage): void {
    const { speed, facts } = this.model;
    this.measureButton.disabled = speed.measuring || this.model.data.kind === "untrusted";
    this.element.classList.toggle("measuring", speed.measuring);
    const steps = `${count(experiment[stage].steps)} steps`;
    const known = {
      ...speed,
      machineBytes: facts.memoryBytes ?? null,
      autoTakesTorch: facts.autoTakesTorch === true,
    };
    const found = forecast({ experiment, stage, images: facts.dataset?.images }, known);
    const time = found?.time ?? null;
    if (found === null || time === null) {
      const torch = found?.torch === true;
      const why = speed.measuring ? "measuring …" : torch ? "PyTorch trains" : "not measured yet";
      this.measureButton.disabled ||= torch;
      this.speed.set("–", why);
      this.time.set("–", steps);
      this.basis.textContent = torch
        ? "PyTorch trains: how long a run takes is known once it is at work."
        : "Speed is known once this machine was measured; it takes some seconds.";
      return;
    }
    const { secondsPerStep } = pieceAt(time.pieces, this.model.view.step);
    this.speed.set(`${short(experiment[stage].batch_size / secondsPerStep)}/s`, `${duration(secondsPerStep)} per step`);
    this.time.set(duration(time.totalSeconds), `${steps} ± ${percent(time.expectedError)}`);
    const day = new Date(time.measuredAt).toLocaleDateString(undefined, { dateStyle: "medium" });
    this.basis.textContent =
      `Forecast from ${BASIS_TEXT[time.basis]}, measured on ${day} (${time.backend}). ` +
      `${bytes(found.disk.total)} on the disk at most.`;
  }
}
