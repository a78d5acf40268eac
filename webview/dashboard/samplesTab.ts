/** Generated images over time: a step slider, and two pictures laid over each other with a divider to swipe. */
import type { SampleFile } from "../../src/core/protocol/dashboard.ts";
import { type CheckControl, control } from "../ui/controls.ts";
import { element } from "../ui/element.ts";
import { formatCount } from "./format.ts";
import type { Model } from "./model.ts";
import { report } from "./report.ts";
import { RunChoice } from "./runChoice.ts";
import { settings } from "./settings.ts";

/** One of the two pictures: a run and a step of it. */
class Side {
  readonly root: HTMLElement;
  readonly choice: RunChoice;
  files: readonly SampleFile[] = [];
  private at = 0;
  /** the newest one is shown until another is chosen */
  private newest: boolean;
  private readonly slider = element("input", { type: "range", min: "0", "aria-label": "Step" });
  private readonly text = element("output");
  private loading = 0;

  constructor(
    private readonly model: Model,
    name: string,
    startsAtEnd: boolean,
    private readonly onChange: () => void,
  ) {
    this.newest = startsAtEnd;
    this.choice = new RunChoice(model, name, null, () => void this.load());
    this.slider.addEventListener("input", () => {
      this.at = Number(this.slider.value);
      this.newest = this.at === this.files.length - 1;
      this.show();
    });
    this.root = element("div", { class: "side" }, this.choice.root, this.slider, this.text);
  }

  get file(): SampleFile | null {
    return this.files[this.at] ?? null;
  }

  get label(): string {
    const run = this.model.runs.find(({ dir }) => dir === this.choice.dir);
    const { file } = this;
    return `${run?.label ?? ""}${file === null ? "" : `, ${stepText(file)}`}`;
  }

  select(index: number): void {
    this.at = index;
    this.newest = index === this.files.length - 1;
    this.show();
  }

  async load(): Promise<void> {
    const { dir } = this.choice;
    if (dir === null) return;
    const turn = ++this.loading;
    const files = await report(this.model.messenger.request("samples", { dir }));
    if (files === undefined || turn !== this.loading) return;
    this.files = files;
    this.at = this.newest ? Math.max(0, files.length - 1) : Math.min(this.at, Math.max(0, files.length - 1));
    this.show();
  }

  private show(): void {
    this.slider.max = String(Math.max(0, this.files.length - 1));
    this.slider.value = String(this.at);
    this.slider.disabled = this.files.length < 2;
    const { file } = this;
    this.text.value = file === null ? "no samples" : stepText(file);
    this.slider.setAttribute("aria-valuetext", this.text.value);
    this.onChange();
  }
}

const stepText = ({ step, variant, page }: SampleFile): string =>
  [
    ...(step === null ? [] : [`step ${formatCount(step)}`]),
    ...(variant === "" ? [] : [variant]),
    ...(page === null ? [] : [`page ${page.number} of ${page.of}`]),
  ].join(" ");

export class SamplesTab {
  readonly root: HTMLElement;
  private readonly one: Side;
  private readonly other: Side;
  private readonly compare = control<CheckControl>("checkbox", {}, "Compare");
  private readonly way = control<CheckControl>("checkbox", {}, "Denoising trajectory");
  private readonly stage = element("div", { class: "stage" });
  private readonly front = element("img", { alt: "", draggable: "false" });
  private readonly back = element("img", { alt: "", draggable: "false" });
  private readonly divider = element("input", {
    type: "range",
    min: "0",
    max: "100",
    value: "50",
    step: "0.5",
    "aria-label": "Divider between the two pictures",
    class: "divider",
  });
  private readonly strip = element("div", { class: "strip", role: "listbox", "aria-label": "Samples over time" });
  private readonly empty = element(
    "p",
    { class: "empty-samples" },
    "This run has no samples yet. They are drawn every sample_every steps, or with the command MaskDM: Sample.",
  );
  private readonly captions = [
    element("span", { class: "caption left" }),
    element("span", { class: "caption right" }),
  ] as const;

  constructor(model: Model) {
    this.one = new Side(model, "Picture", true, () => this.draw());
    this.other = new Side(model, "Beside", false, () => this.draw());
    this.compare.addEventListener("change", () => {
      if (this.compare.checked) void this.other.load();
      this.draw();
    });
    this.way.addEventListener("change", () => this.draw());
    this.divider.addEventListener("input", () => this.place());
    this.stage.append(this.back, this.front, ...this.captions, this.divider);
    this.root = element(
      "div",
      { class: "samples-tab" },
      element(
        "div",
        { class: "toolbar" },
        this.one.root,
        this.compare,
        this.other.root,
        element("span", { class: "stretch" }),
        this.way,
      ),
      this.empty,
      element("div", { class: "stage-room" }, this.stage),
      this.strip,
    );
    model.messenger.on("samplesChanged", ({ dir }) => {
      if (settings.tab !== "samples") return;
      for (const side of [this.one, this.other]) if (side.choice.dir === dir) void side.load();
    });
    this.front.addEventListener("load", () => this.fit());
    new ResizeObserver(() => this.fit()).observe(this.root);
  }

  /** Looks for samples; to be called when the tab is shown. */
  show(): void {
    void this.one.load();
    if (this.compare.checked) void this.other.load();
  }

  private draw(): void {
    const { file } = this.one;
    const beside = this.compare.checked ? this.other.file : null;
    this.other.root.hidden = !this.compare.checked;
    this.empty.hidden = file !== null;
    this.stage.hidden = file === null;
    this.way.hidden = file?.trajectory == null;
    if (file === null) {
      this.strip.replaceChildren();
      return;
    }
    const shows = (sample: SampleFile): string =>
      this.way.checked && !this.way.hidden && sample.trajectory !== null ? sample.trajectory : sample.uri;
    setSource(this.front, shows(file), `Samples of ${this.one.label}`);
    if (beside !== null) setSource(this.back, shows(beside), `Samples of ${this.other.label}`);
    for (const part of [this.back, this.divider, ...this.captions]) part.hidden = beside === null;
    this.stage.classList.toggle("two", beside !== null);
    this.captions[0].textContent = this.one.label;
    this.captions[1].textContent = this.other.label;
    this.place();
    this.drawStrip(file);
  }

  private drawStrip(shown: SampleFile): void {
    const { files } = this.one;
    const known = [...this.strip.children].map((child) => (child as HTMLElement).dataset["uri"]).join("\n");
    if (known !== files.map(({ uri }) => uri).join("\n")) {
      this.strip.replaceChildren(
        ...files.map((file, index) => {
          const image = element("img", { src: file.uri, alt: "", loading: "lazy", draggable: "false" });
          const item = element(
            "button",
            { type: "button", role: "option", title: stepText(file) },
            image,
            element("span", {}, stepText(file)),
          );
          item.dataset["uri"] = file.uri;
          item.addEventListener("click", () => this.one.select(index));
          return item;
        }),
      );
    }
    for (const child of this.strip.children) {
      const selected = (child as HTMLElement).dataset["uri"] === shown.uri;
      child.setAttribute("aria-selected", String(selected));
      if (selected) child.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }

  /** Left of the divider the first picture, right of it the other. */
  private place(): void {
    const share = this.compare.checked && this.other.file !== null ? Number(this.divider.value) : 100;
    this.front.style.clipPath = `inset(0 ${100 - share}% 0 0)`;
    this.stage.style.setProperty("--divider", `${share}%`);
  }

  /** As large as there is room, by whole factors where pixels are enlarged. */
  private fit(): void {
    const { naturalWidth, naturalHeight } = this.front;
    const room = this.stage.parentElement!;
    if (naturalWidth === 0 || room.clientWidth === 0) return;
    const most = Math.min(room.clientWidth / naturalWidth, room.clientHeight / naturalHeight);
    const factor = most >= 1 ? Math.min(8, Math.floor(most)) : most;
    this.stage.style.width = `${Math.round(naturalWidth * factor)}px`;
    this.stage.style.height = `${Math.round(naturalHeight * factor)}px`;
  }
}

function setSource(image: HTMLImageElement, source: string, alt: string): void {
  if (image.src !== source) image.src = source;
  image.alt = alt;
}
