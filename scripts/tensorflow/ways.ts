import type { Way } from "../../src/trainer/tensorflow/install.ts";
import { WHEELS } from "../../src/trainer/tensorflow/wheels.ts";

/**
 * From PyPI, which can be reached where the place of the package's own library cannot; by the package's own script on machines that no
 * wheel is for, such as those with Windows.
 * @param machine platform and architecture as Node calls them, as `linux-x64`
 */
export function waysOfDevelopment(machine: string): Way[] {
  return machine in WHEELS ? ["wheel"] : ["npm"];
}
