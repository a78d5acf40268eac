/** The command line with the one command that this test needs. */
import * as dataServer from "../../../../src/trainer/cli/dataServer.ts";
import { processIo } from "../../../../src/trainer/cli/io.ts";
import { runCommandLine } from "../../../../src/trainer/cli/program.ts";

const exitCode = await runCommandLine(process.argv.slice(2), processIo(), [dataServer]);
process.stdout.write("", () => process.exit(exitCode));
