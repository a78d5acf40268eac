/** Networks of a user's own: the example trains and draws, and what cannot be used is refused with its place. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { readExperiment } from "../../../src/core/experiment/read.ts";
import { type LintFacts, lintExperiment } from "../../../src/core/lint/lint.ts";
import { isBuildable } from "../../../src/core/model/backbones.ts";
import { modelShape } from "../../../src/core/model/shape.ts";
import { Engine } from "../../../src/trainer/engine/engine.ts";
import { TORCH_MODULES } from "../../python/findPython.ts";
import { requirePython } from "../../python/requirePython.ts";
import { askTorch } from "../../python/torchProcess.ts";
import { ownBackend } from "./ownEngine.ts";
import { variant } from "./variants.ts";

// A busy machine takes its time to import torch.
vi.setConfig({ testTimeout: 240_000 });

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "maskdm-own-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const network = (layer: string, output: string) => `import torch

class Net(torch.nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.layer = ${layer}

    def forward(self, tokens, positions, timesteps, labels):
        return ${output}
`;
const linear = "torch.nn.Linear(shape.token_elements, shape.token_elements)";

/** By the name of its module: its text, and what is said of it. */
const BROKEN: Readonly<Record<string, readonly [string | null, RegExp]>> = {
  nowhere: [null, /there is no module nowhere\. It is looked for in .*, the folder of the experiment file/],
  unreadable: ["class Net(:\n", /cannot be imported: .*unreadable\.py:1: SyntaxError/],
  lacking: [
    "import not_installed_here\n",
    /cannot be imported: .*lacking\.py:1: ModuleNotFoundError: .*not_installed_here/,
  ],
  other: [
    network(linear, "tokens").replace("Net(", "Other("),
    /other\.py has no torch\.nn\.Module named Net\. It has Other\./,
  ],
  narrow: [
    network("torch.nn.Linear(shape.token_elements, 3)", "self.layer(tokens)"),
    /of 2 images with \d+ visible tokens of 48 values the network returns \[2, \d+, 3\]\. It has to return .* \[2, \d+, 48\]/,
  ],
  broken: [network(linear, "self.layer(tokens).log()"), /values that are not finite numbers/],
  failing: [
    network("torch.nn.Linear(5, 5)", "self.layer(tokens)"),
    /fails on \d+ of 16 tokens: .*failing\.py:9: RuntimeError/,
  ],
  fixed: [network("None", "tokens"), /no parameters that can be trained/],
  pooled: [network("torch.nn.BatchNorm1d(4)", "tokens"), /batch normalisation/],
  counting: [
    network(
      `${linear}\n        self.register_buffer("count", torch.zeros((), dtype=torch.long))`,
      "self.layer(tokens)",
    ),
    /count is not of float32, which is all that checkpoints hold\. .* persistent=False/,
  ],
  sys: [null, /sys has no torch\.nn\.Module named Net\. It has none\./],
};

const replySchema = z.object({
  same: z.boolean(),
  losses: z.array(z.number()),
  drawn: z.array(z.number()),
  errors: z.record(z.string(), z.string().nullable()),
});

describe("a network of one's own", () => {
  it("is trained and draws, and one that cannot be used is told with its place", async (test) => {
    const python = requirePython(test, TORCH_MODULES);
    const { experiment } = variant("", {
      data: { labels: "folders" },
      model: { num_classes: 3 },
      mask: { rate: [{ until: 0.5, rate: 0.5 }, { rate: 0 }] },
      pretrain: { steps: 60, lr: 3e-3 },
      sample: { steps: 3 },
    });
    const broken = Object.fromEntries(Object.entries(BROKEN).map(([name, [text]]) => [name, text]));
    const reply = replySchema.parse(await askTorch(python, { task: "own network", experiment, broken, folder }));
    const mean = (losses: readonly number[]) => losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    expect(reply.same).toBe(true);
    expect(mean(reply.losses.slice(-10))).toBeLessThan(0.9 * mean(reply.losses.slice(0, 10)));
    expect(reply.drawn).toEqual([2, 16, 16, 3]);
    for (const [name, [, message]] of Object.entries(BROKEN)) expect(reply.errors[name], name).toMatch(message);
    expect(reply.errors["route"]).toMatch(/mask\.mode route .* It has to be|has to be drop/);
  });

  const file = (more: string) => `data: { path: images }\nmodel: { backbone: "nets.mine:Net", embed_dim: 97 }\n${more}`;
  const codes = (text: string, facts: LintFacts = {}) => lintExperiment(text, facts).map(({ code }) => code);

  it("is the PyTorch engine's alone, and only drops", () => {
    expect(codes(file(""))).toEqual(["MDM213"]);
    expect(codes(file("engine: { backend: torch }"))).toEqual([]);
    expect(codes(file(""), { autoTakesTorch: true })).toEqual([]);
    expect(codes(file("engine: { backend: torch }\nmask: { mode: route, rate: 0.5 }"))).toEqual(["MDM213"]);
  });

  it("has no cost that is known, and no other engine takes it", async () => {
    const { experiment } = readExperiment(file(""));
    const shape = modelShape(experiment!);
    expect(isBuildable(shape)).toBe(false);
    const backend = await ownBackend();
    expect(() => new Engine(backend, { shape, seed: 0 })).toThrow(/nets\.mine:Net .* PyTorch engine alone/);
  });

  it("a name that is neither is told what there is", () => {
    const [problem] = lintExperiment("data: { path: images }\nmodel: { backbone: uvitt }\n");
    expect(problem).toMatchObject({ code: "MDM014" });
    expect(problem!.message).toContain("one of uvit or dit or a class in Python");
    expect(problem!.message).toContain("Did you mean uvit?");
  });
});
