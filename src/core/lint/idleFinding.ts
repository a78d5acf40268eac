/** What is said of a key that nothing reads. */
import { isIdle, READ_WITH } from "../experiment/idleKeys.ts";
import { valueAt } from "../experiment/valueAt.ts";
import type { Finding, LintContext } from "./rule.ts";

/**
 * The finding about a key that the file gives and nothing reads.
 * @param path one of READ_WITH
 * @param more of the value that the deciding key has
 */
export function* idle(context: LintContext, path: string, fix: "read it" | "remove it", more = ""): Generator<Finding> {
  const { experiment } = context;
  if (!isIdle(path, experiment) || !context.isSet(path)) return;
  const { key, value } = READ_WITH[path]!;
  const use = `${lastOf(key)}: ${value}`;
  yield {
    at: [path],
    message: `${path} ${valueAt(experiment, path)} has no effect: ${lastOf(key)} is ${valueAt(experiment, key)}${more}. Use ${use}, or remove the key.`,
    fix:
      fix === "remove it"
        ? { title: `Remove ${lastOf(path)}`, remove: [path] }
        : { title: `Use ${use}`, set: { [key]: value } },
  };
}

const lastOf = (path: string): string => path.split(".").at(-1)!;
