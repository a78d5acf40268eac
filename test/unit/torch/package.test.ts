/** What of the package maskdm_torch is seen from its inside alone: above all what a GPU would meet, of which none is needed for it. */
import { expect, it, vi } from "vitest";
import { TRAINER_MODULES } from "../../python/findPython.ts";
import { requirePython } from "../../python/requirePython.ts";
import { runPython } from "../../python/runPython.ts";

// A busy machine takes its time to import torch and its compiler.
vi.setConfig({ testTimeout: 360_000 });

it("each of test/python/package_checks.py holds", (test) => {
  const python = requirePython(test, TRAINER_MODULES);
  const found = JSON.parse(runPython(python, "package_checks.py", {})) as Record<string, string | null>;
  expect(Object.keys(found).length).toBeGreaterThan(5);
  expect(Object.entries(found).filter(([, problem]) => problem !== null)).toEqual([]);
});
