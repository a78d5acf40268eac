/** The controls that shape the mask, always at hand. */

import type { Diagnostic } from "../../src/core/experiment/diagnostic.ts";
import type { Experiment } from "../../src/core/experiment/schema.ts";
import { drawVisibleTokens, type MaskStrategy, maskGeometry } from "../../src/core/masks/masks.ts";
import { divisors } from "../../src/core/numbers.ts";
import { RandomStream } from "../../src/core/random/streams.ts";
import { element } from "../ui/element.ts";
import { type Segmented, segmented } from "../ui/segmented.ts";
import { FieldShell } from "./fieldShell.ts";
import { KeyField } from "./keyField.ts";
import { maskIcon } from "./maskIcon.ts";
import type { Reading } from "./model.ts";
import type { PageActions } from "./pageActions.ts";
import { RateField } from "./rateField.ts";

const STRATEGIES: readonly { readonly value: MaskStrategy; readonly hint: string }[] = [
  { value: "patch", hint: "single tokens are hidden" },
  { value: "block", hint: "square blocks of tokens are hidden" },
  { value: "stratified", hint: "equally many tokens of every cell are hidden" },
  { value: "crop", hint: "all but one square window is hidden" },
  { value: "none", hint: "nothing is hidden" },
];
type Mode = Experiment["mask"]["mode"];
const MODES: readonly { readonly value: Mode; readonly hint: string }[] = [
  { value: "drop", hint: "hidden tokens are absent from the network" },
  { value: "route", hint: "hidden tokens skip the blocks in the middle and join again" },
  { value: "fuse", hint: "the middle goes without hidden tokens and is fused with what came before it" },
];
const LARGEST_PATCH = 64;

/** Keys of this form; the other ones are in the sections below. */
export const MASK_FORM_KEYS: readonly string[] = [
  "mask.strategy",
  "mask.rate",
  "mask.block_size",
  "mask.cell_size",
  "mask.crop_size",
  "mask.mode",
  "mask.route_from",
  "mask.fuse_blocks",
  "model.patch_size",
  "data.image_size",
  "seed",
];

export class MaskForm {
  readonly element: HTMLElement;
  private readonly strategy: FieldShell;
  private readonly tiles: Segmented<MaskStrategy>;
  readonly rate: RateField;
  private readonly mode: FieldShell;
  private readonly modes: Segmented<Mode>;
  private readonly fields: readonly KeyField[];

  constructor(actions: PageActions) {
    this.strategy = new FieldShell("mask.strategy", actions);
    this.tiles = segmented(
      "Strategy",
      STRATEGIES.map(({ value, hint }) => ({
        value,
        label: element("span", { class: "tile-face" }, strategyIcon(value), value),
        title: `${value}: ${hint}`,
      })),
      (value) => actions.commit({ path: "mask.strategy", value }),
      "tiles",
    );
    this.strategy.add(this.tiles.element);
    this.rate = new RateField(actions);
    this.mode = new FieldShell("mask.mode", actions, "Hidden tokens");
    this.modes = segmented(
      "Hidden tokens",
      MODES.map(({ value, hint }) => ({ value, label: value, title: `${value}: ${hint}` })),
      (value) => actions.commit({ path: "mask.mode", value }),
    );
    this.mode.add(this.modes.element);
    this.fields = [
      new KeyField("mask.block_size", actions, {
        choices: ({ data, model }) => divisors(data.image_size / model.patch_size),
        idle: ({ mask }) => (mask.strategy === "block" ? null : "Strategy block only"),
      }),
      new KeyField("mask.cell_size", actions, {
        choices: ({ data, model }) => divisors(data.image_size / model.patch_size),
        idle: ({ mask }) => (mask.strategy === "stratified" ? null : "Strategy stratified only"),
      }),
      new KeyField("mask.crop_size", actions, {
        placeholder: "from the rate",
        idle: ({ mask }) => (mask.strategy === "crop" ? null : "Strategy crop only"),
      }),
      new KeyField("mask.route_from", actions, {
        idle: ({ mask }) => (mask.mode === "route" ? null : "Route only"),
      }),
      new KeyField("mask.fuse_blocks", actions, {
        idle: ({ mask }) => (mask.mode === "fuse" ? null : "Fuse only"),
      }),
      new KeyField("model.patch_size", actions, {
        choices: ({ data }) => divisors(data.image_size).filter((size) => size <= LARGEST_PATCH),
      }),
      new KeyField("data.image_size", actions),
      new KeyField("seed", actions),
    ];
    this.element = element(
      "section",
      { class: "card mask-form", "aria-label": "Mask" },
      element("div", { class: "mask-head" }, this.strategy.element, this.rate.shell.element),
      this.mode.element,
      element("div", { class: "field-grid" }, ...this.fields.map(({ shell }) => shell.element)),
    );
  }

  update(reading: Reading, shown: Experiment, problems: ReadonlyMap<string, readonly Diagnostic[]>): void {
    this.strategy.setIsSet(reading.document.isSet("mask.strategy"));
    this.strategy.setProblems(problems.get("mask.strategy") ?? []);
    this.tiles.set(shown.mask.strategy);
    this.tiles.setDisabled(reading.experiment === null);
    this.rate.update(reading, shown, problems.get("mask.rate") ?? []);
    this.mode.setIsSet(reading.document.isSet("mask.mode"));
    this.mode.setProblems(problems.get("mask.mode") ?? []);
    this.modes.set(shown.mask.mode);
    this.modes.setDisabled(reading.experiment === null);
    for (const field of this.fields) {
      field.update(reading, shown, problems.get(field.path) ?? []);
      // Of five keys a mask reads two at most.
      field.shell.element.hidden = field.whyIdle(shown) !== null && !reading.document.isSet(field.path);
    }
  }
}

/** A strategy as it masks a grid of 8 x 8 tokens at a rate of 0.6, drawn as training draws. */
function strategyIcon(strategy: MaskStrategy): SVGSVGElement {
  const geometry = maskGeometry({ strategy, rate: 0.6, blockSize: 2, cellSize: 2, cropSize: null }, 8);
  const stream = new RandomStream({ seed: 5, stage: "pretrain", stream: "mask", step: 0, item: 0 });
  return maskIcon(drawVisibleTokens(geometry, stream));
}
