/**
 * How the charts of a study look. Each is a function from a StudyTable and options to SVG text, which the editor's panel, the files that are
 * exported and the report show alike. What stands for a configuration is a <g class="mark" data-row="INDEX"> with a <title> of its lines.
 */
import { escapeXml, round, type SvgColours } from "../../series/svgFrame.ts";
import type { StudyTable, TableRow } from "../table.ts";
import { rowLines, STANDING_WORDS } from "../words.ts";

export interface StudyColours extends SvgColours {
  /** of what is said beside the point */
  readonly muted: string;
  readonly best: string;
  readonly near: string;
  /** lines of several configurations */
  readonly lines: readonly string[];
}

export interface ChartLook {
  /** of the picture, pixels */
  readonly width: number;
  readonly colours: StudyColours;
}

/** Okabe and Ito's colours, told apart by colour-blind readers, lighter on dark pages. */
export const LIGHT: StudyColours = {
  ...{ text: "#1f2328", muted: "#59636e", grid: "#e1e4e8", background: "#ffffff", best: "#0072b2", near: "#00795a" },
  lines: ["#0072b2", "#c44e00", "#00795a", "#a8518a", "#6a5acd", "#8c6d00"],
};
export const DARK: StudyColours = {
  ...{ text: "#e6edf3", muted: "#9198a1", grid: "#30363d", background: "#0d1117", best: "#56b4e9", near: "#2fc79a" },
  lines: ["#56b4e9", "#e69f00", "#2fc79a", "#e08fbf", "#a79bf0", "#d8c64a"],
};

/** The group of a configuration's shapes. */
export const markOf = (row: TableRow, table: StudyTable, body: string): string =>
  `<g class="mark" data-row="${row.index}"><title>${escapeXml(rowLines(row, table).join("\n"))}</title>${body}</g>`;

type Standing = TableRow["standing"];
export const colourOf = (standing: Standing, colours: StudyColours): string =>
  standing === "best" ? colours.best : standing === "not different" ? colours.near : colours.muted;

/** A sign for how a configuration stands, told by its shape alone, too. */
export function signOf(standing: Standing, x: number, y: number, colours: StudyColours): string {
  const colour = colourOf(standing, colours);
  const [cx, cy] = [round(x), round(y)];
  if (standing === "best") return `<path d="M${cx} ${cy - 6}l6 6l-6 6l-6 -6z" fill="${colour}"/>`;
  if (standing === "not different") return `<circle cx="${cx}" cy="${cy}" r="4.5" fill="${colour}"/>`;
  const hollow = `fill="${colours.background}" stroke="${colour}" stroke-width="1.6"`;
  return standing === "worse"
    ? `<circle cx="${cx}" cy="${cy}" r="4" ${hollow}/>`
    : `<rect x="${cx - 3.5}" y="${cy - 3.5}" width="7" height="7" ${hollow}/>`;
}

const LEGEND_ROOM = { best: 60, "not different": 176, worse: 136, unsure: 190, "no result": 0 } as const;

/** What the signs mean, those that the table has. */
export function signLegend({ rows }: StudyTable, left: number, y: number, colours: StudyColours): string {
  let x = left + 6;
  return (["best", "not different", "worse", "unsure"] as const)
    .filter((standing) => rows.some((row) => row.standing === standing))
    .map((standing) => {
      const at = x;
      x += LEGEND_ROOM[standing];
      return `${signOf(standing, at, y - 4, colours)}<text x="${at + 11}" y="${y}" fill="${colours.muted}">${STANDING_WORDS[standing]}</text>`;
    })
    .join("\n");
}

/** A line with caps from one end to the other. */
export function whisker(from: readonly [number, number], to: readonly [number, number], colour: string): string {
  const [x1, y1, x2, y2] = [...from, ...to].map(round) as [number, number, number, number];
  const caps = x1 === x2 ? `M${x1 - 3} ${y1}h6M${x2 - 3} ${y2}h6` : `M${x1} ${y1 - 3}v6M${x2} ${y2 - 3}v6`;
  return `<path d="M${x1} ${y1}L${x2} ${y2}${caps}" stroke="${colour}" stroke-width="1.4" fill="none"/>`;
}

/** What an axis shows of these values: all of them and a little more. */
export function axisRange(values: readonly number[]): readonly [low: number, high: number] {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return [0, 1];
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const room = high > low ? 0.06 * (high - low) : Math.abs(low) * 0.1 || 1;
  return [low - room, high + room];
}
