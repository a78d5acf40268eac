/** The commands by which a study's worker starts itself and its helpers. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { runsDirOption } from "../options.ts";

export function register(study: Command, io: Io): void {
  study
    .command("work", { hidden: true })
    .description("Work a study as it was asked for; started by: maskdm study run.")
    .argument("<name>", "name of the study")
    .addOption(runsDirOption())
    .action(async (name: string, options: { readonly runsDir: string }) => {
      const [{ workStudy }, { thisProgram }] = await Promise.all([
        import("../../study/worker.ts"),
        import("../../../node/run/detached.ts"),
      ]);
      const note = (line: string) => io.stderr(`${new Date().toISOString()} ${line}`);
      const place = { runsDir: resolve(options.runsDir), name, program: thisProgram() };
      if (!(await workStudy(place, note))) note("another process works this study already");
    });
  study
    .command("time", { hidden: true })
    .description("Find out how many steps the seconds are of a training that is described on stdin.")
    .action(async () => {
      const { timeRequestSchema, timeSteps } = await import("../../study/timeSteps.ts");
      io.stdout(JSON.stringify(await timeSteps(timeRequestSchema.parse(JSON.parse(readFileSync(0, "utf8"))))));
    });
}
