/** The PyTorch engine reads experiment files as this program does. */
import { expect, test } from "vitest";
import { experimentKeys } from "../../../src/core/experiment/keys.ts";
import { type Override, parseExperiment } from "../../../src/core/experiment/parse.ts";
import { valueAt } from "../../../src/core/experiment/valueAt.ts";
import { requirePython } from "../../python/requirePython.ts";
import { runPython } from "../../python/runPython.ts";
import { experimentFixtures } from "../lint/fixtures.ts";

interface Case {
  readonly text: string;
  readonly set?: readonly (readonly [string, string])[];
}

type Read = { readonly values: Record<string, unknown>; readonly text: string } | { readonly error: string };

const paths = [...experimentKeys().keys.keys()];

/** Every value by its dotted key, or null where the text is refused. */
function here({ text, set = [] }: Case): Record<string, unknown> | null {
  const overrides = set.map(([path, value]): Override => ({ path, value }));
  const parsed = parseExperiment(text, overrides);
  return parsed.ok ? Object.fromEntries(paths.map((path) => [path, valueAt(parsed.experiment, path)])) : null;
}

const BASE = `data: {path: "./a b"} # images
pretrain: &stage
  lr: 2e-4
  steps: 1e3
  warmup_steps: 0x10
finetune:
  <<: *stage
  lr: .5e-3
mask: {rate: [{until: 0.5, rate: 0.9, crop_size: null}, {rate: 0}]}
`;

/** Of numbers that are none, and of texts that end where a pattern does not. */
const REFUSED: readonly Case[] = [
  { text: BASE, set: [["pretrain.betas", "[.inf, 0.9]"]] },
  { text: BASE, set: [["sample.guidance_interval", "[0, .nan]"]] },
  { text: BASE, set: [["mask.rate", "-.inf"]] },
  { text: `${BASE}model: {backbone: "nets:Mine\\n"}` },
  { text: `${BASE}model: {backbone: "nets:Mïne"}` },
];

test("values, defaults and overrides are the same", (test) => {
  const python = requirePython(test, ["yaml"]);
  const sets: [string, string][][] = [
    [],
    [["pretrain.lr", "1e-3"]],
    [["finetune.lr", "1e-3"]],
    [
      ["mask.rate", "0.5"],
      ["mask.strategy", "patch"],
      ["seed", "7"],
    ],
    [
      ["data.ignore", '[thumbs, "*_mask.png"]'],
      ["data.path", "/media/x y"],
      ["data.background", '"#102030"'],
    ],
    [
      ["sample.classes", "[cats, 1]"],
      ["finetune.from", "null"],
      ["engine.threads", "2"],
    ],
  ];
  const cases: Case[] = [
    ...sets.map((set) => ({ text: BASE, set })),
    ...REFUSED,
    ...(["good", "broken"] as const).flatMap(experimentFixtures).map(({ text }) => ({ text })),
  ];
  const read = JSON.parse(runPython(python, "read_experiment.py", cases)) as Read[];
  for (const [i, found] of read.entries()) {
    const expected = here(cases[i]!);
    expect.soft("values" in found ? found.values : null, JSON.stringify(cases[i])).toEqual(expected);
    // What is frozen says the same without the overrides.
    if ("text" in found) expect(here({ text: found.text })).toEqual(expected);
  }
  expect(read.filter((found) => "values" in found).length).toBeGreaterThan(sets.length);
  expect(read.filter((found) => "error" in found).length).toBeGreaterThan(5);
});

test("what is wrong is told with its place", (test) => {
  const python = requirePython(test, ["yaml"]);
  const cases: Case[] = [
    { text: "data:\n  path: ./x\nmodel:\n  dept: 3\n  embed_dim: 5\n" },
    { text: BASE, set: [["model.depth", "300"]] },
    { text: BASE, set: [["model.dpth", "3"]] },
    { text: "data: {path: x, path: y}" },
    { text: "data: {path: x}\nmodel: {zeta: 1, beta: 2, omega: 3, alpha: 4, kappa: 5}" },
  ];
  const errors = (JSON.parse(runPython(python, "read_experiment.py", cases)) as { error: string }[]).map(
    ({ error }) => error,
  );
  expect(errors[0]).toContain(
    "file:5:14: error MDM013 model.embed_dim must be a whole number from 8 to 4,096, but is 5.",
  );
  expect(errors[0]).toContain("file:4:9: error MDM010 There is no key dept in model. Did you mean depth?");
  expect(errors[1]).toContain("error MDM013 --set model.depth=300: model.depth must be a whole number from 1 to 64");
  expect(errors[2]).toBe("--set model.dpth=3: there is no key model.dpth. Did you mean model.depth?");
  expect(errors[3]).toContain("file:1:17: error MDM001 path is written twice");
  expect(errors[4]!.match(/There is no key \w+/g)?.map((text) => text.split(" ").at(-1))).toEqual(
    "zeta beta omega alpha kappa".split(" "),
  );
});
