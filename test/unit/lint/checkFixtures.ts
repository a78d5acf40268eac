/** What holds of every broken file, of whatever kind. */
import { expect, it } from "vitest";
import type { Diagnostic } from "../../../src/core/experiment/diagnostic.ts";
import { asExpected, type Expectations, type Fixture } from "./fixtures.ts";
import { expectValidPositions, fixed } from "./positions.ts";

export function checkFixtures<F>(
  broken: readonly Fixture[],
  expectations: Expectations<F>,
  lint: (text: string, facts?: F) => readonly Diagnostic[],
): void {
  it.each(broken)("$name is reported as expected", ({ name, text }) => {
    const { facts, ...expected } = expectations.of(name);
    const diagnostics = lint(text, facts);
    const found = diagnostics.map(asExpected);
    if (process.env["UPDATE_EXPECTED"] === "1")
      expectations.write(name, { ...(facts ? { facts } : {}), diagnostics: found });
    else expect(found, "UPDATE_EXPECTED=1 writes the new expectations").toEqual(expected.diagnostics);
    expect(found.length).toBeGreaterThan(0);
    expectValidPositions(text, diagnostics);
  });

  it.each(broken)("$name: each fix settles what it is offered for, and breaks nothing", ({ name, text }) => {
    const { facts } = expectations.of(name);
    const before = lint(text, facts);
    for (const diagnostic of before) {
      if (!diagnostic.fix) continue;
      const after = lint(fixed(text, diagnostic), facts);
      const same = after.filter(({ code, message }) => code === diagnostic.code && message === diagnostic.message);
      expect(same, `${diagnostic.fix.title} leaves ${diagnostic.message}`).toEqual([]);
      const errors = (list: typeof after) => list.filter(({ severity }) => severity === "error").length;
      expect(errors(after), `${diagnostic.fix.title} brings new errors`).toBeLessThanOrEqual(errors(before));
      expect(after.some(({ code }) => code === "MDM001")).toBe(before.some(({ code }) => code === "MDM001"));
    }
  });
}
