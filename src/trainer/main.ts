#!/usr/bin/env node
/** Entry point of the command line. Its commands are listed in cli/program.ts. */
import { endSignals } from "../node/endSignals.ts";
import { reportError } from "./cli/errors.ts";
import { exitProcess } from "./cli/exitProcess.ts";
import { processIo } from "./cli/io.ts";
import { runCommandLine } from "./cli/program.ts";

endSignals(); // looks at how the process was started, before any of that changes
const io = processIo();

function end(exitCode: number): void {
  // Worker threads and native pools may still be alive; what was printed must reach its reader before they are cut off.
  process.stdout.write("", () => process.stderr.write("", () => exitProcess(exitCode)));
}

process.on("uncaughtException", (error) => end(reportError(error, io, process.env["MASKDM_DEBUG"] === "1")));

const exitCode = await runCommandLine(process.argv.slice(2), io);
// A command that has printed its findings may have chosen a code of its own.
end(exitCode !== 0 ? exitCode : Number(process.exitCode ?? 0));
