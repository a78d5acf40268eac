/** The measures against the same in plain NumPy (which agrees with torchmetrics, torch-fidelity and prdc, see image_sets.py). */
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { compareSets, copyingOf, knownSet } from "../../../src/core/evaluation/compareSets.ts";
import type { Features } from "../../../src/core/evaluation/features.ts";
import { requirePython } from "../../python/requirePython.ts";
import { runPython } from "../../python/runPython.ts";
import { joined, normalFeatures, rowsOf } from "./featureSets.ts";

const answer = z.object({
  kid: z.number(),
  frechet: z.number(),
  precision: z.number(),
  recall: z.number(),
  density: z.number(),
  coverage: z.number(),
  nearCopies: z.number(),
  nearest: z.array(z.number()),
});

const CASES: { name: string; samples: Features; training: Features; components: number | null }[] = [
  {
    name: "sets of different sizes that hardly differ",
    samples: normalFeatures(150, 24, 1),
    training: normalFeatures(201, 24, 2),
    components: null,
  },
  {
    name: "sets that differ",
    samples: normalFeatures(90, 33, 3, 0.3),
    training: normalFeatures(61, 33, 4),
    components: null,
  },
  {
    name: "samples some of which are training images",
    samples: joined(normalFeatures(40, 16, 5, 0.2), normalFeatures(50, 16, 6)),
    training: joined(normalFeatures(50, 16, 6), normalFeatures(30, 16, 7)),
    components: null,
  },
  {
    name: "fewer images than features",
    samples: normalFeatures(45, 64, 8, 0.1),
    training: normalFeatures(50, 64, 9),
    components: 8,
  },
];

describe("measures of two sets of images", () => {
  for (const { name, samples, training, components } of CASES) {
    it(`agree with Python for ${name}`, (test) => {
      const python = requirePython(test, ["numpy"]);
      const request = { samples: rowsOf(samples), training: rowsOf(training), components };
      const wanted = answer.parse(JSON.parse(runPython(python, "image_sets.py", request)));
      const { kid, frechet, manifold, nearest } = compareSets(knownSet(samples), knownSet(training));
      expect(frechet.components).toBe(components);
      expect(Array.from(nearest)).toEqual(wanted.nearest);
      const { nearCopies } = copyingOf(samples, samples, training);
      const found = { kid: kid.kid, frechet: frechet.distance, ...manifold, nearCopies };
      for (const [measure, value] of Object.entries(found)) {
        expect(Math.abs(value - wanted[measure as keyof typeof found]), measure).toBeLessThan(1e-6);
      }
    });
  }
});
