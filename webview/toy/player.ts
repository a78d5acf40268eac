/** Which moment of the training is in view: a slider, and a button that goes through all of them. */
import type { ToyFrame } from "../../src/core/toy/messages.ts";
import { element } from "../ui/element.ts";
import { icon } from "../ui/icons.ts";

/** Between two frames. */
const FRAME_MS = 350;

export class Player {
  readonly element: HTMLElement;
  private readonly button = element("button", { class: "quiet", type: "button" });
  private readonly slider = element("input", { type: "range", min: "0", "aria-label": "Moment of the training" });
  private readonly text = element("span", { class: "moment" });
  private frames: readonly ToyFrame[] = [];
  private timer: number | undefined;

  /**
   * @param frame index of the one in view; null: the newest
   * @param onShow told when another one is
   */
  constructor(
    private frame: number | null,
    private readonly onShow: (frame: number | null) => void,
  ) {
    this.element = element(
      "div",
      { class: "player", role: "group", "aria-label": "Moment" },
      this.button,
      this.slider,
      this.text,
    );
    this.button.addEventListener("click", () => (this.timer === undefined ? this.play() : this.pause()));
    this.slider.addEventListener("input", () => {
      this.pause();
      this.go(this.slider.valueAsNumber);
    });
    this.showButton();
  }

  /** @param expected how many frames there will be */
  update(frames: readonly ToyFrame[], expected: number): void {
    this.frames = frames;
    this.slider.max = `${Math.max(0, expected - 1)}`;
    this.slider.disabled = frames.length === 0;
    this.button.disabled = frames.length < 2;
    const shown = this.shown;
    this.slider.value = `${shown?.index ?? 0}`;
    this.text.textContent = shown === undefined ? "" : momentText(shown);
    this.slider.setAttribute("aria-valuetext", this.text.textContent);
  }

  /** The frame in view; undefined: there is none yet. */
  get shown(): ToyFrame | undefined {
    return this.frame === null ? this.frames.at(-1) : (this.frames[this.frame] ?? this.frames.at(-1));
  }

  /** Follows the newest frame from now on. */
  follow(): void {
    this.pause();
    this.frame = null;
  }

  private play(): void {
    const last = this.frames.length - 1;
    if ((this.shown?.index ?? last) >= last) this.go(0);
    this.timer = window.setInterval(() => {
      const next = (this.shown?.index ?? 0) + 1;
      if (next < this.frames.length) this.go(next);
      if (next >= this.frames.length - 1) this.pause();
    }, FRAME_MS);
    this.showButton();
  }

  private pause(): void {
    window.clearInterval(this.timer);
    this.timer = undefined;
    this.showButton();
  }

  private go(index: number): void {
    this.frame = index >= this.frames.length - 1 ? null : index;
    this.onShow(this.frame);
  }

  private showButton(): void {
    const isPlaying = this.timer !== undefined;
    const name = isPlaying ? "Pause" : "Play";
    this.button.replaceChildren(icon(isPlaying ? "pause" : "play"));
    this.button.title = name;
    this.button.setAttribute("aria-label", name);
  }
}

const momentText = ({ stage, step, budget }: ToyFrame): string =>
  `${stage === "pretrain" ? "Pretraining" : "Finetuning"}, step ${step} · cost ${Math.round(budget)} steps on whole points`;
