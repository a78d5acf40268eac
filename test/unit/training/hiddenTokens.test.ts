/** Runs whose hidden tokens are not dropped: pretraining, a resume, finetuning, sampling, and weights that do not fit. */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { differences, learning, newestCheckpoint, QUICK, tinyExperiment, Workshop, writeImages } from "./support.ts";

const shop = new Workshop();
const STEPS = 40;
const network = (backbone: string, mode: string) =>
  tinyExperiment({
    data: { path: "images", image_size: 16 },
    model: { backbone: backbone as "uvit", patch_size: 4, embed_dim: 32, depth: 5, num_heads: 2 },
    mask: { strategy: "stratified", rate: 0.5, mode: mode as "route" },
    pretrain: { ...QUICK, steps: STEPS, batch_size: 8, lr: 2e-3, log_every: 5, checkpoint_every: 20 },
    finetune: { ...QUICK, steps: 10, batch_size: 4, lr: 1e-3 },
    sample: { count: 2, steps: 3 },
  });

beforeAll(async () => {
  await writeImages(shop.path("images"), { count: 16, size: 16 });
  shop.experiment("drop", network("uvit", "drop"));
  await shop.succeed("pretrain", "drop.maskdm.yaml", "--run", "drop");
});

describe.each([
  ["route", "uvit", "route_from"],
  ["fuse", "dit", "fuse_blocks"],
])("mode %s on %s", (mode, backbone, blocks) => {
  const file = `${mode}.maskdm.yaml`;
  beforeAll(async () => {
    shop.experiment(mode, network(backbone, mode));
    await shop.succeed("pretrain", file, "--run", mode);
  });

  it("learns, from the loss of all tokens", () => {
    const losses = learning(shop.run(mode)).map(({ loss }) => loss!);
    expect(losses.at(-1)!).toBeLessThan(0.9 * losses[0]!);
  });

  it("goes on after a stop as if there had been none", async () => {
    await shop.succeed("pretrain", file, "--run", `${mode}-parts`, "--steps", "20");
    await shop.succeed("resume", `${mode}-parts`, "--steps", String(STEPS));
    expect(differences(shop.run(mode), shop.run(`${mode}-parts`))).toEqual([]);
  });

  it("computes the same in micro-batches", async () => {
    const micro = ["--set", "pretrain.micro_batch_size=2", "--steps", "5"];
    await shop.succeed("pretrain", file, "--run", `${mode}-micro`, ...micro);
    const [whole, parts] = [mode, `${mode}-micro`].map((run) => learning(shop.run(run))[0]!.loss!);
    expect(Math.abs(parts! / whole! - 1)).toBeLessThan(1e-5);
  });

  it("depends on which blocks are dense", async () => {
    await shop.succeed("pretrain", file, "--run", `${mode}-one`, "--set", `mask.${blocks}=1`, "--steps", "5");
    expect(learning(shop.run(`${mode}-one`))[0]!.loss).not.toBe(learning(shop.run(mode))[0]!.loss);
  });

  it("is finetuned on whole images and draws", async () => {
    await shop.succeed("finetune", file, "--from", mode, "--run", `${mode}-fine`);
    const { out } = await shop.succeed("sample", `${mode}-fine`);
    expect(readFileSync(out.trim()).subarray(1, 4).toString()).toBe("PNG");
  });
});

describe("weights of another mode", () => {
  it("route goes on from dropped tokens and the other way round: the network is the same", async () => {
    await shop.succeed("pretrain", "route.maskdm.yaml", "--from", "drop", "--run", "on", "--steps", "1");
    await shop.succeed("finetune", "drop.maskdm.yaml", "--from", "route", "--run", "back", "--steps", "1");
    const { err } = await shop.succeed(...["resume", "drop", "--steps", String(STEPS + 5), "--set", "mask.mode=route"]);
    expect(err).toContain(`from step ${STEPS} on mask.mode is route (drop before)`);
  });

  it("finetuning does not depend on route", async () => {
    const from = ["--from", "drop", "--steps", "3"];
    await shop.succeed("finetune", "drop.maskdm.yaml", ...from, "--run", "fine-drop");
    await shop.succeed("finetune", "route.maskdm.yaml", ...from, "--run", "fine-route");
    expect(differences(shop.run("fine-drop"), shop.run("fine-route"))).toEqual([]);
  });

  it("fuse has tensors of its own, which is said before anything is trained", async () => {
    const fuse = ["--set", "mask.mode=fuse"];
    const first = await shop.maskdm("finetune", "drop.maskdm.yaml", "--from", "drop", ...fuse);
    expect(first.exitCode).toBe(2);
    expect(first.err).toContain(
      "mask.mode is fuse, but drop was trained with route: only with mode fuse the network has",
    );
    const resumed = await shop.maskdm("resume", "drop", "--steps", "99", ...fuse);
    expect(resumed.exitCode).toBe(2);
    expect(resumed.err).toContain("mask.mode cannot become fuse on a resume");
    const file = `${newestCheckpoint(shop.run("drop")).dir}/model.safetensors`;
    const foreign = await shop.maskdm("finetune", "drop.maskdm.yaml", "--from", file, ...fuse);
    expect(foreign.exitCode).toBe(2);
  });

  it("other blocks than those trained so are refused where they belong to the network", async () => {
    const other = await shop.maskdm("finetune", "fuse.maskdm.yaml", "--from", "fuse", "--set", "mask.fuse_blocks=1");
    expect(other.exitCode).toBe(2);
    expect(other.err).toContain("mask.fuse_blocks is 1, but fuse was trained with 2");
  });
});
