/**
 * A study as an Optuna journal: what JournalStorage of optuna 5 reads (and optuna-dashboard shows), a JSON object with an op code a line.
 * One trial for each cell. Format: optuna/storages/journal/_storage.py and optuna/distributions.py.
 */
import { yamlText } from "../experiment/yamlText.ts";
import { keysOf, valuesAt } from "./axes.ts";
import type { CellState } from "./cellState.ts";
import { METRICS } from "./metrics.ts";
import type { StudyTable, TableCell, TableRow } from "./table.ts";

/** What the table does not hold of a cell. */
export interface TrialRecord {
  /** ISO 8601; null: not known */
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  /** measured on the way, by step of all its stages; what is not finite is left out */
  readonly measured: readonly (readonly [step: number, value: number])[];
  /** command lines that train it again */
  readonly commands: readonly string[];
}

export interface OptunaStudy {
  readonly name: string;
  readonly table: StudyTable;
  readonly trial: (cell: TableCell) => TrialRecord;
  /** of the study, by name */
  readonly attributes: Readonly<Record<string, string | number>>;
}

const CREATE_STUDY = 0;
const SET_STUDY_USER_ATTR = 2;
const CREATE_TRIAL = 4;
const [MINIMIZE, MAXIMIZE] = [1, 2];
const [RUNNING, COMPLETE, PRUNED, FAIL, WAITING] = [0, 1, 2, 3, 4];

const STATES: Readonly<Record<CellState["kind"], number>> = {
  ...{ done: COMPLETE, failed: FAIL, refused: FAIL, "given up": PRUNED },
  ...{ training: RUNNING, evaluating: RUNNING, paused: WAITING, waiting: WAITING },
};

/** Lines, the last one ended, too. Same input, same text. */
export function optunaJournal({ name, table, trial, attributes }: OptunaStudy): string {
  const direction = METRICS[table.metric].better === "lower" ? MINIMIZE : MAXIMIZE;
  const worker = { worker_id: "maskdm" };
  const params = parameters(table);
  const lines: object[] = [{ op_code: CREATE_STUDY, ...worker, study_name: name, directions: [direction] }];
  for (const [key, value] of Object.entries({ metric: table.metric, ...attributes })) {
    lines.push({ op_code: SET_STUDY_USER_ATTR, ...worker, study_id: 0, user_attr: { [key]: value } });
  }
  for (const row of table.rows) {
    for (const cell of row.cells) {
      lines.push({
        op_code: CREATE_TRIAL,
        ...worker,
        study_id: 0,
        ...trialFields(row, cell, trial(cell), table, params),
      });
    }
  }
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

function trialFields(
  row: TableRow,
  cell: TableCell,
  { startedAt, endedAt, measured, commands }: TrialRecord,
  table: StudyTable,
  parameters: ReadonlyMap<string, Parameter>,
): object {
  const state = STATES[cell.state];
  const isOver = state !== RUNNING && state !== WAITING;
  const own = Object.entries(valuesAt(table.axes, row.points));
  const start = startedAt ?? endedAt ?? new Date(0).toISOString();
  const attributes = {
    ...{ configuration: row.label, seed: cell.seed, runs: cell.runs.join(" "), state: cell.state },
    ...{ commands: commands.join("\n"), seconds: cell.seconds, standard_error: cell.error, reason: cell.reason },
  };
  return {
    state,
    // Of what has not begun there is no time; of what is over there are both.
    datetime_start: state === WAITING ? null : pythonTime(start),
    ...(isOver ? { datetime_complete: pythonTime(endedAt ?? start) } : {}),
    value: cell.value,
    values: null,
    distributions: Object.fromEntries(own.map(([key]) => [key, parameters.get(key)!.distribution])),
    params: Object.fromEntries(own.map(([key, value]) => [key, parameters.get(key)!.internal(value)])),
    user_attrs: Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null)),
    system_attrs: {},
    intermediate_values: Object.fromEntries(thinned(measured)),
  };
}

/** More than a dashboard draws. */
const MOST_MEASURED = 500;

/** Evenly, the last one kept. */
function thinned(measured: TrialRecord["measured"]): TrialRecord["measured"] {
  const finite = measured.filter(([, value]) => Number.isFinite(value));
  const every = Math.ceil(finite.length / MOST_MEASURED);
  return finite.filter((_, i) => (finite.length - 1 - i) % every === 0);
}

/** Python before 3.11 reads no Z. */
const pythonTime = (time: string): string => new Date(time).toISOString().replace("Z", "+00:00");

interface Parameter {
  /** JSON text, as Optuna has it within JSON */
  readonly distribution: string;
  /** number that Optuna keeps for a value */
  readonly internal: (value: unknown) => number;
}

/** Of every key one distribution over all trials: of numbers their range, of everything else the choices. */
function parameters(table: StudyTable): Map<string, Parameter> {
  return new Map(
    keysOf(...table.axes).map((key) => {
      const values = table.axes.flatMap(({ points }) =>
        points.flatMap((point) => (key in point.values ? [point.values[key]] : [])),
      );
      return [key, values.every((value) => typeof value === "number") ? range(values) : choices(values)];
    }),
  );
}

/** Values that span more are drawn on a logarithmic axis. */
const WIDE = 10;

function range(values: readonly number[]): Parameter {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const log = low > 0 && high / low >= WIDE;
  const whole = values.every(Number.isInteger);
  return {
    distribution: JSON.stringify({
      name: whole ? "IntDistribution" : "FloatDistribution",
      attributes: { log, step: whole ? 1 : null, low, high },
    }),
    internal: (value) => Number(value),
  };
}

function choices(values: readonly unknown[]): Parameter {
  const plain = (value: unknown): string | number | boolean | null =>
    value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "string"
      ? value
      : yamlText(value);
  const all = [...new Set(values.map(plain))];
  return {
    distribution: JSON.stringify({ name: "CategoricalDistribution", attributes: { choices: all } }),
    internal: (value) => all.indexOf(plain(value)),
  };
}
