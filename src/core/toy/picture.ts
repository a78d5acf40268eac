/** The 2-D picture of the method in one file: target, primer, what finetuning makes of it, from scratch, and the way there. */

import { svgSize } from "../series/chartSvg.ts";
import { escapeXml, svgDocument } from "../series/svgFrame.ts";
import { DARK, LIGHT, type StudyColours } from "../study/charts/look.ts";
import { toyCurvesLegend, toyCurvesSvg } from "./curves.ts";
import { TOY_SET_TITLES } from "./dataSets.ts";
import type { ToyCloud, ToyFrame, ToyStart } from "./messages.ts";
import { PANEL, type ToyColours, toyPanelSvg } from "./panel.ts";
import { toyStages } from "./settings.ts";
import { distanceText } from "./table.ts";

const NAMES = ["text", "muted", "grid", "background", "target", "drawn"] as const satisfies (keyof ToyColours)[];
const ROOM = 24;
const CURVES_HEIGHT = 240;

const values = (colours: StudyColours, target: string): ToyColours => ({ ...colours, target, drawn: colours.best });
const style = (colours: ToyColours): string => NAMES.map((name) => `--${name}: ${colours[name]};`).join(" ");
/** What the reader's own preference decides. */
const COLOURS = Object.fromEntries(NAMES.map((name) => [name, `var(--${name})`])) as Record<keyof ToyColours, string>;

/** @param frames all of a run */
export function toyPicture(start: ToyStart, frames: readonly ToyFrame[]): string {
  const primer = frames.findLast(({ stage }) => stage === "pretrain");
  const end = frames.at(-1);
  if (primer === undefined || end === undefined) throw new RangeError("a run has frames of both stages");
  const { pretrain, finetune, scratch } = toyStages(start.settings);
  const note = ({ distances }: ToyCloud): string => `energy distance ${distanceText(distances.energy)}`;
  const panels = [
    { title: TOY_SET_TITLES[start.settings.set], note: "the target", points: null },
    { title: `Primer: ${pretrain} masked steps`, note: note(primer.staged), points: primer.staged.points },
    { title: `Finetuned: ${finetune} steps`, note: note(end.staged), points: end.staged.points },
    { title: `From scratch: ${scratch} steps`, note: note(end.scratch), points: end.scratch.points },
  ].map((panel) => toyPanelSvg({ ...panel, target: start.target.points, colours: COLOURS }));
  const width = panels.length * PANEL.width + ROOM;
  const look = { width: width - ROOM, height: CURVES_HEIGHT, colours: COLOURS };
  const curves = toyCurvesSvg(start, frames, "energy", look);
  const placed = panels.map((panel, i) => `<g transform="translate(${ROOM + i * PANEL.width} 40)">\n${panel}\n</g>`);
  const top = 40 + PANEL.height + 16;
  const dark = `@media (prefers-color-scheme: dark) { :root { ${style(values(DARK, "#3d444d"))} } }`;
  return svgDocument(
    {
      title: "Masked pretraining learns the marginals, finetuning the rest",
      width,
      height: top + svgSize({ ...look, legend: toyCurvesLegend(COLOURS) }).height,
      left: ROOM,
      colours: COLOURS,
    },
    `<style>${escapeXml(`:root { ${style(values(LIGHT, "#c9d1d9"))} }\n${dark}`)}</style>
${placed.join("\n")}
${curves.replace("<svg ", `<svg x="0" y="${top}" `)}`,
  );
}
