/** How a cell's state is shown: a shape and a word each, so that colour alone says nothing. */
import { percent } from "../../src/core/numbers.ts";
import type { CellState } from "../../src/core/study/cellState.ts";
import { duration } from "../ui/duration.ts";
import { shape } from "../ui/shape.ts";
import { metricText } from "./metricText.ts";

export type StateKind = CellState["kind"];

interface Look {
  readonly name: string;
  readonly path: string;
  readonly filled?: boolean;
}

/** In the order of legends. */
export const STATE_LOOKS: Readonly<Record<StateKind, Look>> = {
  done: { name: "done", path: "M3 8.5 6.5 12 13 4.5" },
  training: { name: "training", path: "M4.5 3v10l8-5z", filled: true },
  evaluating: { name: "measuring", path: "M2.5 12.5h11M4.5 12.5v-4M8 12.5v-8M11.5 12.5v-6" },
  waiting: { name: "waiting", path: "M8 7.2a.8.8 0 1 1 0 1.6.8.8 0 0 1 0-1.6z" },
  paused: { name: "paused", path: "M5.5 3.5v9M10.5 3.5v9" },
  failed: { name: "failed", path: "M4 4l8 8M12 4l-8 8" },
  "given up": { name: "given up", path: "M8 3v9M4.5 8.5 8 12l3.5-3.5" },
  refused: { name: "cannot be trained", path: "M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2zM4 12l8-8" },
};

export function stateIcon(kind: StateKind): SVGSVGElement {
  const { path, filled } = STATE_LOOKS[kind];
  const name = filled === true ? "state-icon filled" : "state-icon";
  return shape("svg", { viewBox: "0 0 16 16", class: name, "aria-hidden": "true" }, shape("path", { d: path }));
}

/** What stands in a cell of the grid. */
export function stateText(state: CellState): string {
  switch (state.kind) {
    case "done":
      return metricText(state.value);
    case "training":
      return state.queued ? "queued" : state.share === null ? "starting" : percent(state.share);
    case "evaluating":
      return state.share === null ? "measuring" : percent(state.share);
    case "given up":
      return `at ${percent(state.at)}`;
    case "refused":
      return "";
    default:
      return STATE_LOOKS[state.kind].name;
  }
}

/** A sentence about it. */
export function stateSentence(state: CellState): string {
  switch (state.kind) {
    case "done": {
      const error = state.error === null ? "" : ` ± ${metricText(state.error)}`;
      const time = state.seconds === null ? "" : `, ${duration(state.seconds)} of training`;
      return `done: ${metricText(state.value)}${error}${time}`;
    }
    case "training":
      return state.queued
        ? `${state.run.stage} waits in the queue`
        : `${state.run.stage} is at work${state.share === null ? "" : `, ${percent(state.share)} of its steps`}`;
    case "evaluating":
      return `drawing and measuring images${state.share === null ? "" : `, ${percent(state.share)}`}`;
    case "paused":
      return `${state.run.stage} was stopped or interrupted, and goes on with the study`;
    case "failed":
      return `failed${state.run === null ? "" : ` in ${state.run.stage}`}: ${state.reason}`;
    case "given up":
      return `given up at ${percent(state.at)} of its last stage: it was behind`;
    case "refused":
      return `cannot be trained: ${state.reason}`;
    case "waiting":
      return "not begun yet";
  }
}
