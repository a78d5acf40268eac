/** Tests of the kernels, once for every instruction set that they are compiled for; says which this processor does not have. */
import { describe } from "vitest";
import { INSTRUCTION_SETS } from "../../../scripts/native/compileKernels.ts";
import { instructionSets } from "../../../src/trainer/engine/native/backend.ts";
import { requireNative } from "./requireNative.ts";

const COMPILED = Object.keys(INSTRUCTION_SETS[process.arch === "arm64" ? "arm64" : "x64"]);

export function describeEachSet(title: string, tests: (instructionSet: string) => void): void {
  const there = requireNative() ? instructionSets() : [];
  for (const name of COMPILED) {
    const missing = !there.includes(name);
    if (missing && there.length > 0) console.warn(`skipped: this processor does not have ${name}`);
    describe.skipIf(missing)(`${title} (${name})`, () => tests(name));
  }
}
