import type { TestContext } from "vitest";
import { findPython } from "./findPython.ts";

const said = new Set<string>();

/**
 * An interpreter for one test; without one, the test ends here as skipped, and the reason is printed once a test file.
 * @param modules what the interpreter must import
 */
export function requirePython(test: TestContext, modules: readonly string[] = []): string {
  const python = findPython(modules);
  if (python.found) return python.command;
  if (!said.has(python.reason)) console.warn(`skipped: ${python.reason}`);
  said.add(python.reason);
  return test.skip(python.reason);
}
