/** The tools' host on the file system: what the command line and the editor have in common. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import type { PreviewRequest, ToolHost } from "../../core/assistant/toolHost.ts";
import { UserError } from "../../core/errors.ts";
import { overriddenKey, overrideValue } from "../../core/experiment/overrides.ts";
import { parseExperiment } from "../../core/experiment/parse.ts";
import { parseJson } from "../../core/parseJson.ts";
import { imageFacts } from "../facts/experimentFacts.ts";
import { lintText } from "../facts/lintText.ts";
import { resolvePath } from "../homePath.ts";
import type { Program } from "../run/detached.ts";
import { experimentBehind } from "../run/experimentOfRun.ts";
import { readLastMetrics } from "../run/metrics.ts";
import { readText } from "../run/readText.ts";
import { readExperimentText } from "../run/runFiles.ts";
import { listSamples, samplesFolder } from "../run/sampleFiles.ts";
import { failureText, runCommand } from "../shortCommand.ts";
import { knownMachine } from "../speedFile.ts";
import { systemReason } from "../systemReason.ts";
import { wayInto } from "../wayInto.ts";
import { isInside, pathInside } from "./insideRoots.ts";

/** What each program does in its own way. */
export interface HostParts extends Pick<ToolHost, "runs" | "start" | "resume" | "stop"> {
  /** folders that may be looked into, absolute */
  readonly roots: () => readonly string[];
  /** what the user can do so that more may be looked into, a sentence */
  readonly widen: string;
  /** folder that the runs of an experiment file go to, absolute */
  readonly runsDirFor: (file: string) => string;
  readonly program: Program;
  /** the text of a file as it stands in an editor, unsaved; null: it does not */
  readonly unsaved: (file: string) => string | null;
  /** why no process may be started, and nothing that files name be looked at; null: both may */
  readonly restricted: () => string | null;
}

const previewSchema = z.object({ png: z.string() });

/** Keys of an experiment that name places. */
const PLACES = ["data.path", "finetune.from"];

export function fileToolHost(parts: HostParts): ToolHost {
  const { widen, runsDirFor } = parts;
  const outside = (path: string): UserError =>
    new UserError(
      `${path} lies outside of ${parts.roots().join(" and ") || "any folder"}, where the tools may not look. ${widen}`,
    );
  const requireRoots = (): readonly string[] => {
    const roots = parts.roots();
    if (roots.length === 0) throw new UserError(`There is no folder that the tools may look into. ${widen}`);
    return roots;
  };
  return {
    async place(path) {
      const found = await pathInside(requireRoots(), path);
      if (found === null) throw outside(path);
      return found;
    },
    shown(path) {
      const way = wayInto(parts.roots()[0] ?? "/", path);
      return way === null || way === "" ? path : way;
    },
    async text(file) {
      const unsaved = parts.unsaved(file);
      if (unsaved !== null) return unsaved;
      try {
        return readText(file);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
        throw new UserError(`${file} cannot be read: ${systemReason(error)}.`);
      }
    },
    lint: (file, text) => lintText(file, text, parts.restricted() === null ? runsDirFor(file) : null),
    async checkPlaces(file, changes) {
      const folder = dirname(await experimentBehind(file));
      for (const change of changes.filter(({ path }) => PLACES.includes(path))) {
        const value = overrideValue(change, overriddenKey(change));
        if (typeof value !== "string" || (await isInside(requireRoots(), resolvePath(folder, value)))) continue;
        throw outside(`${change.path}=${value}`);
      }
    },
    async images(file, { data }) {
      if (parts.restricted() !== null) return null;
      const { dataset } = await imageFacts(data.path, data.ignore, dirname(await experimentBehind(file)));
      return dataset?.images ?? null;
    },
    machine: knownMachine,
    preview: (request) => preview(parts, request),
    runs: parts.runs,
    newestSteps: readLastMetrics,
    experiment(dir) {
      try {
        const parsed = parseExperiment(readExperimentText(dir));
        return parsed.ok ? parsed.experiment : null;
      } catch (error) {
        if (error instanceof UserError) return null;
        throw error;
      }
    },
    pictures: async (dir) => (await listSamples(dir)).map(({ name }) => join(samplesFolder(dir), name)),
    picture: (path) => readFile(path),
    start: parts.start,
    resume: parts.resume,
    stop: parts.stop,
    pause: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }).catch(() => {}),
  };
}

/** By a process of its own, as decoding images takes its time. Its picture goes to a folder that is removed. */
async function preview(
  { roots, widen, restricted, program, unsaved, runsDirFor }: HostParts,
  { file, experiment, stage, step, set }: PreviewRequest,
): ReturnType<ToolHost["preview"]> {
  const why = restricted();
  if (why !== null) return { none: why };
  if (unsaved(file) !== null) return { none: "the file has changes that are not saved; save it first" };
  const folder = dirname(await experimentBehind(file));
  const images = resolvePath(folder, experiment.data.path);
  // What is there may be trained on, as the user's file says so; what it looks like is for who may look.
  if (!(await isInside(roots(), images))) return { none: `the images lie outside, in ${images}. ${widen}` };
  const out = await mkdtemp(join(tmpdir(), "maskdm-preview-"));
  try {
    const args = [
      ...["preview", file, "--stage", stage, "--batch", String(step), "--out", out, "--json"],
      ...["--runs-dir", runsDirFor(file)],
      ...set.flatMap(({ path, value }) => ["--set", `${path}=${value}`]),
    ];
    const result = await runCommand(program, args, { cwd: folder });
    const parsed = previewSchema.safeParse(parseJson(result.stdout));
    if (result.code !== 0 || !parsed.success) return { none: failureText(result, "the images could not be read") };
    return { png: await readFile(parsed.data.png) };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}
