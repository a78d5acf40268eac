/** The pictures in a run's samples folder. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { parseSampleName, type SampleName } from "../../core/run/sampleNames.ts";
import { namesIn } from "./files.ts";

export interface SamplePicture {
  readonly name: string;
  /** optimiser steps behind the weights that drew it; null: its name does not say */
  readonly step: number | null;
  /** how it was drawn, where its name says so; "": by the run itself */
  readonly variant: string;
  /** null: it is the only one */
  readonly page: SampleName["page"];
  /** changes whenever the file does */
  readonly version: string;
  /** file name of the picture of the way there; one of several pages is a picture of its own */
  readonly trajectory: string | null;
}

export const samplesFolder = (runDir: string): string => join(runDir, "samples");

const STEP = /^step-(\d{8,})(?:-(.+))?$/;
const TRAJECTORY = /-trajectory$/i;

/** Oldest first, those that the run drew by itself before others of the same step; pages in their order. */
export async function listSamples(runDir: string): Promise<SamplePicture[]> {
  const folder = samplesFolder(runDir);
  const named = namesIn(folder).flatMap((name) => {
    const parsed = parseSampleName(name);
    return parsed === null ? [] : [{ name, ...parsed }];
  });
  const ways = new Map(
    named
      .filter(({ stem, page }) => page === null && TRAJECTORY.test(stem))
      .map((way) => [way.stem.toLowerCase(), way]),
  );
  const pictures = named
    .filter(({ stem, page }) => page !== null || !TRAJECTORY.test(stem))
    .map(async ({ name, stem, page }): Promise<SamplePicture | null> => {
      const file = await stat(join(folder, name)).catch(() => null);
      if (file === null || !file.isFile()) return null; // removed meanwhile
      const step = STEP.exec(stem);
      const isFirst = page === null || page.number === 1;
      return {
        name,
        step: step === null ? null : Number(step[1]),
        variant: step === null ? stem : (step[2] ?? ""),
        page,
        version: `${Math.trunc(file.mtimeMs)}-${file.size}`,
        trajectory: (isFirst && ways.get(`${stem}-trajectory`.toLowerCase())?.name) || null,
      };
    });
  const found = (await Promise.all(pictures)).filter((picture) => picture !== null);
  const order = (picture: SamplePicture): number => picture.step ?? Number.POSITIVE_INFINITY;
  return found.sort((a, b) => {
    const [first, second] = [order(a), order(b)];
    if (first !== second) return first - second;
    if (a.variant !== b.variant) return a.variant < b.variant ? -1 : 1;
    return (a.page?.number ?? 0) - (b.page?.number ?? 0);
  });
}
