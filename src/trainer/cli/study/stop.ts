/** `maskdm study stop` */
import { resolve } from "node:path";
import type { Command } from "commander";
import type { Io } from "../io.ts";
import { addExamples, runsDirOption } from "../options.ts";

interface StopOptions {
  readonly runsDir: string;
  readonly wait?: boolean;
}

export function register(study: Command, io: Io): void {
  const command = study
    .command("stop")
    .description("Ask a study to stop: what trains saves and ends, what waits leaves the queue. It can go on later.")
    .argument("<study>", "study file (*.maskstudy.yaml), or the name of a study that was started")
    .addOption(runsDirOption())
    .option("--wait", "return when all has ended")
    .action(async (text: string, options: StopOptions) => stop(text, options, io));
  addExamples(command, [
    ["maskdm study stop blocks", "ask, and return at once"],
    ["maskdm study stop blocks --wait", "ask, and return when all is saved"],
    ["maskdm study run blocks.maskstudy.yaml", "go on later"],
  ]);
}

async function stop(text: string, options: StopOptions, io: Io): Promise<void> {
  const [{ nameOfStudy, startedStudy }, { askStudy }] = await Promise.all([
    import("./findStudy.ts"),
    import("./follow.ts"),
  ]);
  // What is at work is what was started, whatever the file says by now.
  const loaded = startedStudy(nameOfStudy(text), options.runsDir, io);
  const follow = await askStudy(loaded, resolve(options.runsDir), "stop", io);
  io.stderr(`asked ${loaded.texts.name} to stop`);
  if (options.wait === true) await follow();
}
