/** How fast this machine trains, as it was measured: one file of the user's, whether the command line, a run or the editor asks. */
import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import * as z from "zod";
import type { MachineKnowledge } from "../core/cost/forecast.ts";
import { type SpeedMeasurement, speedMeasurementSchema, withMeasurement } from "../core/cost/speed.ts";
import { readKeptList } from "./keptList.ts";
import { thisMachine, usableMemory } from "./machine.ts";
import { replaceJson } from "./run/files.ts";
import { autoTakesTorch } from "./torch/keptTorch.ts";
import { userFolder } from "./userFolder.ts";

/** Settings of backend and threads whose measurements are kept. */
const MOST_KEPT = 20;

const listSchema = z
  .object({ formatVersion: z.literal(1), measurements: z.array(z.unknown()) })
  .transform(({ measurements }) => measurements);

export const speedFile = (): string => join(userFolder("speed"), "measurements.json");

/** What measurements of this machine are kept under, see `speedKey`. */
export function machineName(): string {
  const { cpu, cores } = thisMachine();
  return `${hostname()}, ${cpu}, ${cores} cores`;
}

/** What was measured; nothing where there is no such file, or none that this version reads: measuring again writes it anew. */
export const readMeasurements = (file: string = speedFile()): readonly SpeedMeasurement[] =>
  readKeptList(file, listSchema, speedMeasurementSchema);

/** Keeps a measurement beside the others. @throws UserError if the disk refuses */
export function keepMeasurement(measurement: SpeedMeasurement, file: string = speedFile()): void {
  mkdirSync(dirname(file), { recursive: true });
  const measurements = withMeasurement(readMeasurements(file), measurement).slice(0, MOST_KEPT);
  replaceJson(file, { formatVersion: 1, measurements }, false);
}

/** What forecasts are made from. */
export const knownMachine = (): MachineKnowledge => ({
  machine: machineName(),
  measurements: readMeasurements(),
  machineBytes: usableMemory(),
  autoTakesTorch: autoTakesTorch(),
});
