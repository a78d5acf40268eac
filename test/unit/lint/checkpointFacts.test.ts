import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkpointFacts } from "../../../src/node/facts/checkpointFacts.ts";
import { writeCheckpoint } from "../../../src/trainer/run/checkpoint.ts";
import { checkpointState, checkpointTensors } from "../run/examples.ts";
import { openRun, temporaryFolder } from "../run/support.ts";

describe("what is known of the weights that finetune.from names", () => {
  it("is the run's, also where a folder beside the experiment has the same name", async () => {
    const folder = temporaryFolder();
    const runsDir = join(folder, "runs");
    const run = openRun(runsDir, { id: "pets" });
    writeCheckpoint(run.dir, { ...checkpointState(1), classes: ["cat", "dog"] }, checkpointTensors(1));
    mkdirSync(join(folder, "pets"));
    for (const from of ["pets", "runs/pets", "./runs/pets", run.dir]) {
      const facts = await checkpointFacts(from, folder, [runsDir]);
      expect(facts, from).toMatchObject({ name: from, classes: ["cat", "dog"], data: { image_size: 64 } });
    }
    expect(await checkpointFacts("cats", folder, [runsDir])).toBeNull();
  });
});
