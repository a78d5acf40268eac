/** What `maskdm toy` prints for people. */
import type { ToyFrame, ToyStart } from "./messages.ts";

/** Column headings with the widths of what stands below them. */
const COLUMNS = [
  ["cost", 6],
  ["in two stages", 16],
  ["energy", 9],
  ["x", 7],
  ["y", 7],
  ["from scratch", 14],
  ["x", 7],
  ["y", 7],
] as const;

const row = (cells: readonly string[]): string => cells.map((cell, i) => cell.padStart(COLUMNS[i]![1])).join("");

/** What the columns mean, and how small the numbers can become. */
export const toyTableHead = ({ target, backend }: ToyStart): string =>
  [
    `backend ${backend}; cost in steps on whole points; energy distance to the target, and 1-Wasserstein distances of the marginals of x and y.`,
    `Other draws of the target are as far from it as ${distanceText(target.distances.energy)}, ${target.distances.marginals.map(distanceText).join(" and ")} on average.`,
    row(COLUMNS.map(([name]) => name)),
  ].join("\n");

export const toyTableRow = ({ budget, stage, step, staged, scratch }: ToyFrame): string =>
  row([
    `${budget}`,
    `${stage} ${step}`,
    ...[staged, scratch].flatMap(({ distances: { energy, marginals } }) => [energy, ...marginals].map(distanceText)),
  ]);

/** Without noise of the last digits. */
export const distanceText = (distance: number): string => distance.toFixed(4);
