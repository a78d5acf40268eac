/** A Python for tests, as MASKDM_PYTHON may name one: it runs the trainer of test/fixtures/torch in place of the PyTorch engine. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/vscode/paths.ts";

/** @param python command of a Python 3.8 or later. @returns the path of a program in `folder` */
export function pythonWithTestTrainer(folder: string, python: string): string {
  const program = join(folder, "python-with-test-trainer");
  const trainer = join(ROOT, "test/fixtures/torch");
  writeFileSync(
    program,
    `#!/bin/sh\necho "$@" >> '${callsOf(program)}'\nPYTHONDONTWRITEBYTECODE=1 PYTHONPATH='${trainer}' exec '${python}' "$@"\n`,
  );
  chmodSync(program, 0o755);
  return program;
}

/** The file in which such a program notes its calls, a line each. */
export const callsOf = (program: string): string => `${program}.calls`;
