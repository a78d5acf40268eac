/** The pictures in a run's samples folder. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { namesIn } from "../../node/run/files.ts";

export interface SamplePicture {
  readonly name: string;
  /** optimiser steps behind the weights that drew it; null: its name does not say */
  readonly step: number | null;
  /** how it was drawn, where its name says so; "": by the run itself */
  readonly variant: string;
  /** changes whenever the file does */
  readonly version: string;
  /** file name of the picture of the way there */
  readonly trajectory: string | null;
}

export const samplesFolder = (runDir: string): string => join(runDir, "samples");

const PICTURE = /^[^./\\][^/\\]*\.png$/i;
const STEP = /^step-(\d{8,})(?:-(.+))?$/;
const TRAJECTORY = /-trajectory\.png$/i;

/** Oldest first, those that the run drew by itself before others of the same step. */
export async function listSamples(runDir: string): Promise<SamplePicture[]> {
  const folder = samplesFolder(runDir);
  const names = namesIn(folder).filter((name) => PICTURE.test(name));
  const pictures = names
    .filter((name) => !TRAJECTORY.test(name))
    .map(async (name): Promise<SamplePicture | null> => {
      const file = await stat(join(folder, name)).catch(() => null);
      if (file === null || !file.isFile()) return null; // removed meanwhile
      const stem = name.replace(/\.png$/i, "");
      const named = STEP.exec(stem);
      const way = `${stem}-trajectory.png`;
      return {
        name,
        step: named === null ? null : Number(named[1]),
        variant: named === null ? stem : (named[2] ?? ""),
        version: `${Math.trunc(file.mtimeMs)}-${file.size}`,
        trajectory: names.find((other) => other.toLowerCase() === way.toLowerCase()) ?? null,
      };
    });
  const found = (await Promise.all(pictures)).filter((picture) => picture !== null);
  const order = (picture: SamplePicture): number => picture.step ?? Number.POSITIVE_INFINITY;
  return found.sort((a, b) => {
    const [first, second] = [order(a), order(b)];
    if (first !== second) return first - second;
    return a.variant < b.variant ? -1 : a.variant > b.variant ? 1 : 0;
  });
}
