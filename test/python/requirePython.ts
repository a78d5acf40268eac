import type { TestContext } from "vitest";
import { findPython } from "./findPython.ts";

/**
 * An interpreter for one test; without one, the test ends here as skipped and its reason is printed.
 * @param modules what the interpreter must import
 */
export function requirePython(test: TestContext, modules: readonly string[] = []): string {
  const python = findPython(modules);
  if (python.found) return python.command;
  console.warn(`skipped: ${python.reason}`);
  return test.skip(python.reason);
}
