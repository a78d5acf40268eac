/** What the trainer finds in its environment besides the editor's. */
import { expandHome } from "../../node/homePath.ts";
import { type Surroundings, thisSurroundings } from "../../node/userFolder.ts";
import { setting } from "../settings.ts";

export function trainerEnvironment(): Readonly<Record<string, string>> {
  const python = setting("python");
  return {
    // The editor's own program runs the trainer as Node would.
    ...{ ELECTRON_RUN_AS_NODE: "1", ORT_DISABLE_TELEMETRY: "1" },
    ...(python === "" ? {} : { MASKDM_PYTHON: expandHome(python) }),
  };
}

/** What the trainer's folders and Pythons depend on. */
export const trainerSurroundings = (): Surroundings => ({
  ...thisSurroundings(),
  env: { ...process.env, ...trainerEnvironment() },
});
