/** A thousand damaged run folders, shown as explorer, dashboard and command line show them, in a process that can be ended if it hangs. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { changeAnnotations } from "../../../src/node/run/annotations.ts";
import { writeCheckpoint } from "../../../src/trainer/run/checkpoint.ts";
import { copyRun, type Damage, damageRun, ODD_NAMES, seededRandom } from "../../support/damageRun.ts";
import { beginRun } from "../../support/runFolders.ts";
import { slowness } from "../../support/slowness.ts";
import { checkpointState, checkpointTensors } from "./examples.ts";
import type { Shown } from "./programs/showRuns.ts";
import { buildProgram, start, temporaryFolder } from "./support.ts";

const BATCHES = 10;
const FOLDERS = 100;
const WHOLE = 3;
const LINES = 20;
const LIMIT_MS = 2000;

/** A finished run with everything that a run folder may hold. */
async function wholeRun(runsDir: string): Promise<string> {
  const run = await beginRun({ runsDir, id: "model", totalSteps: 200, lines: LINES, samplesAt: [100, 200] });
  await writeCheckpoint(run.dir, checkpointState(100), checkpointTensors(100));
  run.close("finished");
  changeAnnotations(run.dir, { name: "A name", tags: ["tag"], note: "A note", group: "Group" });
  return run.dir;
}

describe("damaged run folders", () => {
  test.each(Array.from({ length: BATCHES }, (_, seed) => seed))(
    "are shown as far as they are whole (seed %d)",
    async (seed) => {
      const folder = temporaryFolder();
      const runsDir = join(folder, "runs");
      mkdirSync(runsDir);
      const model = await wholeRun(join(folder, "model"));
      const random = seededRandom(seed);
      const damages = new Map<string, Damage>();
      for (let i = 0; i < FOLDERS; i++) {
        const id = i < ODD_NAMES.length ? ODD_NAMES[i]! : `damaged-${i}`;
        copyRun(model, join(runsDir, id));
        damages.set(id, damageRun(join(runsDir, id), random));
      }
      for (let i = 0; i < WHOLE; i++) copyRun(model, join(runsDir, `whole-${i}`));

      const program = buildProgram("showRuns.ts", folder);
      const { lines, ended, child } = start(process.execPath, [program, runsDir]);
      const limit = LIMIT_MS * slowness();
      let seen = 0;
      let last = performance.now();
      const watch = setInterval(() => {
        if (lines.length > seen) last = performance.now();
        seen = lines.length;
        // Nothing was printed for so long: it hangs.
        if (performance.now() - last > 3 * limit) child.kill("SIGKILL");
      }, 100);
      const { code, stderr } = await ended;
      clearInterval(watch);
      const printed = lines.map((line) => JSON.parse(line) as { at?: string; shown?: Shown; failures?: string[] });
      const at = printed.findLast((line) => line.at !== undefined)?.at;
      expect({ code, stderr }, `at ${at}: ${damages.get(at ?? "")?.what}`).toEqual({ code: 0, stderr: "" });
      expect(printed[0]!.failures).toEqual([]);

      const shown = new Map(printed.flatMap((line) => (line.shown === undefined ? [] : [[line.shown.id, line.shown]])));
      for (let i = 0; i < WHOLE; i++) {
        expect(shown.get(`whole-${i}`)).toMatchObject({
          ...{ state: "finished", label: "A name", points: LINES, ascends: true, samples: 2, hasConfig: true },
        });
      }
      for (const [id, { what, parts }] of damages) {
        const run = shown.get(id);
        const whole = (...names: string[]): boolean => names.every((name) => !parts.has(name));
        if (whole("run.json")) expect(run, what).toBeDefined();
        if (run === undefined) continue;
        expect(run.milliseconds, what).toBeLessThan(limit);
        expect(run.ascends, what).toBe(true);
        expect(run.label, what).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
        if (whole("run.json", "status.json")) expect(run.state, what).toBe("finished");
        if (run.state === "damaged") expect(run.reason, what).toMatch(/./);
        if (whole("metrics.jsonl")) expect(run.points, what).toBe(LINES);
        if (whole("samples", "samples/step-00000100.png", "samples/step-00000200.png"))
          expect(run.samples, what).toBe(2);
        if (whole("experiment.maskdm.yaml")) expect(run.hasConfig, what).toBe(true);
      }
    },
  );
});
