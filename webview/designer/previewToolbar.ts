/** How the preview is looked at: which batch, which view, at which noise, how many and how large. */
import { signalToNoise } from "../../src/core/diffusion/objective.ts";
import { noiseSchedule } from "../../src/core/diffusion/schedule.ts";
import type { Experiment } from "../../src/core/experiment/schema.ts";
import { maskPieces, pieceAt } from "../../src/core/masks/schedule.ts";
import { LARGEST_STEP } from "../../src/core/protocol/designer.ts";
import type { Stage } from "../../src/core/random/streams.ts";
import { control, type ValueControl } from "../ui/controls.ts";
import { element } from "../ui/element.ts";
import { type IconName, icon } from "../ui/icons.ts";
import { type Segmented, segmented } from "../ui/segmented.ts";
import { nameControl } from "./controlName.ts";
import { label } from "./fieldShell.ts";
import type { DesignerModel } from "./model.ts";
import { count, share, short } from "./numbers.ts";
import { type ShownView, VIEWS } from "./viewState.ts";

const COUNTS = [1, 4, 9, 16, 25, 36, 49, 64];
const VIEW_LABELS: Readonly<Record<ShownView, string>> = {
  all: "All",
  original: "Original",
  masked: "Masked",
  noised: "Noised",
};

export class PreviewToolbar {
  readonly element: HTMLElement;
  private readonly stage: Segmented<Stage>;
  private readonly view: Segmented<ShownView>;
  private readonly noise: Segmented<"plan" | "chosen">;
  private readonly step = control<ValueControl>("text-field", { inputmode: "numeric" });
  private readonly position = element("span", { class: "position" });
  private readonly timestep = element("input", { type: "range", min: "0", "aria-label": "Timestep t" });
  private readonly level = element("span", { class: "level" });
  private readonly noiseRow: HTMLElement;
  private readonly count = control<ValueControl>("dropdown", { position: "below" });
  private readonly grid: HTMLButtonElement;

  constructor(private readonly model: DesignerModel) {
    const set = model.setView.bind(model);
    nameControl(this.step, "Batch of step");
    nameControl(this.count, "Images shown");
    this.stage = segmented<Stage>(
      "Stage",
      [
        { value: "pretrain", label: "Pretraining" },
        { value: "finetune", label: "Finetuning" },
      ],
      (stage) => set({ stage }),
    );
    this.view = segmented(
      "View",
      VIEWS.map((value) => ({ value, label: VIEW_LABELS[value] })),
      (view) => set({ view }),
    );
    this.noise = segmented<"plan" | "chosen">(
      "Noise",
      [
        { value: "plan", label: "As training", title: "Each image at the timestep that training draws for it" },
        { value: "chosen", label: "At t", title: "All images at one timestep" },
      ],
      (choice) => set({ timestep: choice === "plan" ? null : Number(this.timestep.value) }),
    );
    this.timestep.addEventListener("input", () => set({ timestep: Number(this.timestep.value) }));
    this.step.addEventListener("change", () => this.goTo(Number(this.step.value)));
    this.count.append(...COUNTS.map((value) => control("option", { value: String(value) }, String(value))));
    this.count.addEventListener("change", () => set({ count: Number(this.count.value) }));
    this.grid = button("grid", "Show the grid of tokens", () => set({ grid: !model.view.grid }));
    this.noiseRow = element(
      "div",
      { class: "toolbar-row noise-row" },
      this.noise.element,
      element("div", { class: "noise-slider" }, this.timestep),
      this.level,
    );
    this.element = element(
      "div",
      { class: "toolbar", role: "group", "aria-label": "Preview" },
      element(
        "div",
        { class: "toolbar-row" },
        this.stage.element,
        element(
          "div",
          { class: "batch-nav", role: "group", "aria-label": "Batch" },
          button("first", "First batch", () => this.goTo(0)),
          button("previous", "Previous batch", () => this.goTo(model.view.step - 1)),
          element("span", { class: "nav-label" }, "Step"),
          this.step,
          button("next", "Next batch", () => this.goTo(model.view.step + 1)),
          this.position,
        ),
      ),
      element(
        "div",
        { class: "toolbar-row" },
        this.view.element,
        element(
          "div",
          { class: "look" },
          this.grid,
          button("minus", "Smaller images", () => set({ zoom: Math.max(-4, model.view.zoom - 1) })),
          button("plus", "Larger images", () => set({ zoom: Math.min(8, model.view.zoom + 1) })),
          this.count,
          element("span", { class: "nav-label" }, "images"),
        ),
      ),
      this.noiseRow,
    );
  }

  update(): void {
    const { view, lastGood } = this.model;
    this.stage.set(view.stage);
    this.view.set(view.view);
    this.noise.set(view.timestep === null ? "plan" : "chosen");
    this.step.value = String(view.step);
    this.count.value = String(COUNTS.includes(view.count) ? view.count : COUNTS.findLast((each) => each <= view.count));
    this.grid.setAttribute("aria-pressed", String(view.grid));
    this.noiseRow.classList.toggle("unused", view.view === "original" || view.view === "masked");
    if (lastGood !== null) this.showExperiment(lastGood);
  }

  private showExperiment(experiment: Experiment): void {
    const { view, data } = this.model;
    const { steps, batch_size: batch } = experiment[view.stage];
    const epoch = data.kind === "ready" ? Math.floor((view.step * batch) / data.count) + 1 : null;
    const past = view.step >= steps ? "after the end" : null;
    const pieces = maskPieces(experiment.mask, view.stage, steps);
    const piece =
      pieces.length > 1 ? [`piece ${pieces.indexOf(pieceAt(pieces, view.step)) + 1} of ${pieces.length}`] : [];
    const parts = [
      `of ${count(steps)}`,
      ...(past ? [past] : epoch === null ? [] : [`epoch ${count(epoch)}`]),
      ...piece,
    ];
    this.position.textContent = parts.join(" · ");
    const last = experiment.diffusion.timesteps - 1;
    this.timestep.max = String(last);
    const t = Math.min(view.timestep ?? Math.round(last / 2), last);
    this.timestep.value = String(t);
    this.timestep.style.setProperty("--asked", String(t / last));
    this.timestep.disabled = view.timestep === null;
    const { levels, shareName } = noiseSchedule(experiment.diffusion);
    const left = `t ${t} · ${shareName} ${share(levels[t]!.share)}`;
    this.level.textContent =
      view.timestep === null ? "each image at its own t" : `${left} · SNR ${short(signalToNoise(levels[t]!))}`;
    this.timestep.setAttribute("aria-valuetext", left.replace(" · ", ", "));
  }

  private goTo(step: number): void {
    const wanted = Number.isFinite(step) ? Math.min(LARGEST_STEP, Math.max(0, Math.floor(step))) : this.model.view.step;
    this.model.setView({ step: wanted });
  }
}

function button(name: IconName, text: string, action: () => void): HTMLButtonElement {
  const made = element("button", { class: "quiet", type: "button" }, icon(name));
  label(made, text);
  made.addEventListener("click", action);
  return made;
}
