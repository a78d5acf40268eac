/** Names of new experiment files. */
import { join } from "node:path";
import { exists } from "../../node/exists.ts";

export const fileOf = (home: string, name: string): string => join(home, `${name}.maskdm.yaml`);

/** The name, or the name with the first number that makes it free. */
export async function freeName(home: string, name: string): Promise<string> {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (!(await exists(fileOf(home, candidate)))) return candidate;
  }
}
