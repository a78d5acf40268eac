/**
 * npm run tensorflow: sets up tfjs-node for development and CI, from PyPI's TensorFlow and the binding's own sources where there are wheels.
 *
 * It goes where `maskdm doctor --install-tensorflow` puts it, so that one installation serves every checkout and `npm ci` leaves it
 * alone. Exit codes: 0 it works, 1 it could not be set up (the message says why).
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../src/core/errors.ts";
import { usableCores } from "../../src/node/machine.ts";
import { pythonCommands } from "../../src/node/pythonCommands.ts";
import { trialHere } from "../../src/trainer/engine/backendTrial.ts";
import { stopOnSignals } from "../../src/trainer/stopOnSignals.ts";
import { installTensorflow } from "../../src/trainer/tensorflow/install.ts";
import { tensorflowFolder } from "../../src/trainer/tensorflow/tensorflowFolder.ts";
import { ROOT } from "../vscode/paths.ts";
import { waysOfDevelopment } from "./ways.ts";

const ofRepository = [".venv/bin/python", ".venv/Scripts/python.exe"].map((file) => join(ROOT, file));

const stop = stopOnSignals();
try {
  await installTensorflow({
    folder: tensorflowFolder(),
    ways: waysOfDevelopment(`${process.platform}-${process.arch}`),
    pythons: pythonCommands(ofRepository.filter((file) => existsSync(file))),
    say: (line) => console.error(line),
    signal: stop.signal,
  });
  const trial = await trialHere("tfjs-node", usableCores());
  if (!trial.works) throw new UserError(`${trial.reason}. ${trial.remedy}`, "failure");
  const { version, milliseconds, batchSize } = trial;
  console.log(`${version}: ${milliseconds.toFixed(1)} ms for a tiny training step of ${batchSize} images`);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 1;
} finally {
  stop.release();
}
