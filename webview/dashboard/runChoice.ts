/** A drop-down of the panel's runs. */
import { control, type ValueControl } from "../ui/controls.ts";
import { element } from "../ui/element.ts";
import type { Model } from "./model.ts";

export class RunChoice {
  readonly root: HTMLElement;
  private readonly dropdown: ValueControl;
  private chosen: string | null;

  /** @param wanted chosen as soon as it is among the runs; otherwise the first one is */
  constructor(
    private readonly model: Model,
    label: string,
    wanted: string | null,
    private readonly onChange: (dir: string | null) => void,
  ) {
    this.chosen = wanted;
    this.dropdown = control<ValueControl>("dropdown", { "aria-label": label });
    this.root = element("label", { class: "choice" }, label, this.dropdown);
    this.dropdown.addEventListener("change", () => this.choose(this.dropdown.value));
    model.on("runs", () => this.build());
    this.build();
  }

  /** null: there are no runs */
  get dir(): string | null {
    return this.chosen;
  }

  private build(): void {
    const { runs } = this.model;
    this.root.hidden = runs.length < 2;
    this.dropdown.replaceChildren(...runs.map(({ dir, label }) => control("option", { value: dir }, label)));
    if (runs.length === 0) return;
    const known = runs.some(({ dir }) => dir === this.chosen);
    const dir = known ? this.chosen! : runs[0]!.dir;
    this.dropdown.value = dir;
    if (!known) this.choose(dir);
  }

  private choose(dir: string): void {
    if (dir === this.chosen) return;
    this.chosen = dir;
    this.onChange(dir);
  }
}
