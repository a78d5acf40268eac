import { resolve } from "node:path";
import { UserError } from "../../../core/errors.ts";
import { maskdmCommand } from "../../../node/shellCommand.ts";
import { studyNames } from "../../../node/study/places.ts";

/** @throws UserError where a study was never started */
export function requireStarted(name: string, runsDir: string): void {
  if (studyNames(resolve(runsDir)).includes(name)) return;
  throw new UserError(
    `${name} was not started in ${resolve(runsDir)}. Start it with: ${maskdmCommand("study", "run", `${name}.maskstudy.yaml`)}`,
  );
}
