import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { fixtureWorkspace, type TemporaryFolder } from "../../../scripts/vscode/fixtureWorkspace.ts";
import { TOOL_NAMES } from "../../../src/core/assistant/toolNames.ts";
import { buildTrainer, contents, openSession, type SessionOptions } from "./mcpSession.ts";

let trainer: Awaited<ReturnType<typeof buildTrainer>>;
let workspace: TemporaryFolder;

beforeAll(async () => {
  [trainer, workspace] = await Promise.all([buildTrainer(), fixtureWorkspace()]);
});
afterAll(async () => {
  trainer.remove();
  await workspace.remove();
});

async function session(options: Partial<SessionOptions> = {}) {
  const opened = await openSession({ program: trainer.program, root: workspace.path, ...options });
  onTestFinished(() => opened.close());
  return opened;
}

const apply = (patch: string): void =>
  void execFileSync("git", ["apply", "--unsafe-paths", `--directory=${workspace.path}`, "-"], {
    cwd: workspace.path,
    input: patch,
  });

describe("a session of the Model Context Protocol", () => {
  it("offers the tools with schemas, and says which of them only read", async () => {
    const { client } = await session();
    expect(client.getServerVersion()).toMatchObject({ name: "maskdm", title: "MaskDM Studio" });
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([...TOOL_NAMES]);
    const acting = tools.filter(({ annotations }) => annotations?.readOnlyHint !== true).map(({ name }) => name);
    expect(acting).toEqual(["start_run", "control_run"]);
    for (const { inputSchema, outputSchema, description } of tools) {
      expect([inputSchema.type, outputSchema?.type]).toEqual(["object", "object"]);
      expect(description?.length).toBeLessThan(700);
    }
  });

  it("lints, explains, proposes and describes, and writes nothing", async () => {
    const { call, stderr } = await session();
    const before = contents(workspace.path);

    const linted = await call("lint", { file: "mistaken.maskdm.yaml" });
    expect(linted.text).toMatch(/^mistaken.maskdm.yaml: 2 errors/);
    const { diagnostics } = linted.data as { diagnostics: { code: string; fix?: object }[] };
    expect(linted.data).toMatchObject({ file: "mistaken.maskdm.yaml", errors: 2 });

    const code = diagnostics[0]!.code;
    const explained = await call("explain_rule", { topic: code });
    expect(explained.data).toMatchObject({ topic: code, kind: "rule", severity: "error" });
    expect((await call("explain_rule", { topic: "mask.rate" })).text).toMatch(/^# mask.rate/);
    const unknown = await call("explain_rule", { topic: "mask.ratio" });
    expect(unknown).toMatchObject({ isError: true, text: expect.stringContaining("Did you mean mask.rate?") });

    const proposed = await call("propose_change", { file: "mistaken.maskdm.yaml", fix: true });
    expect(proposed.data).toMatchObject({ errors: 0, isNew: false });
    expect(proposed.data["patch"]).toContain("-  batchsize: 8\n+  batch_size: 8\n");

    const described = await call("describe_design", { file: "tiny.maskdm.yaml", set: ["mask.rate=0.5"] });
    expect(described.data).toMatchObject({
      ...{ imageSize: 32, channels: 3, images: 24, tokens: 64, picture: null },
      stages: [
        { stage: "pretrain", batchSize: 8, masks: [{ visibleTokens: 32, effectiveRate: 0.5 }] },
        { stage: "finetune", masks: [{ visibleTokens: 64, relativeCost: 1 }] },
      ],
    });
    const picture = described.content.find((part) => part.type === "image");
    expect(Buffer.from(picture!.data, "base64").subarray(1, 4).toString()).toBe("PNG");

    expect(contents(workspace.path)).toEqual(before);
    expect(stderr()).toBe("");
  });

  it("proposes patches that apply: of a file that is there, and of a new one", async () => {
    const { call } = await session();
    const fixed = await call("propose_change", { file: "mistaken.maskdm.yaml", fix: true });
    const original = readFileSync(join(workspace.path, "mistaken.maskdm.yaml"), "utf8");
    onTestFinished(() => writeFileSync(join(workspace.path, "mistaken.maskdm.yaml"), original));
    apply(String(fixed.data["patch"]));
    expect((await call("lint", { file: "mistaken.maskdm.yaml" })).data).toMatchObject({ errors: 0 });

    const made = await call("propose_change", {
      file: "new.maskdm.yaml",
      set: ["data.path=images", "data.image_size=32", "mask.rate=[{rate: 0.75, until: 0.5}, {rate: 0.5}]"],
    });
    expect(made.data).toMatchObject({ isNew: true, errors: 0 });
    onTestFinished(() => rmSync(join(workspace.path, "new.maskdm.yaml"), { force: true }));
    apply(String(made.data["patch"]));
    expect((await call("lint", { file: "new.maskdm.yaml" })).data).toMatchObject({ errors: 0 });
  });

  it("refuses what lies outside of its root, also behind a link and in keys", async () => {
    const elsewhere = realpathSync(mkdtempSync(join(tmpdir(), "maskdm-elsewhere-")));
    onTestFinished(() => rmSync(elsewhere, { recursive: true }));
    mkdirSync(join(elsewhere, "images"));
    writeFileSync(join(elsewhere, "out.maskdm.yaml"), "data: { path: images }\n");
    const link = join(workspace.path, "link");
    symlinkSync(elsewhere, link);
    onTestFinished(() => rmSync(link));
    const { call } = await session({ args: ["--allow-start"] });
    for (const file of [join(elsewhere, "out.maskdm.yaml"), "link/out.maskdm.yaml", "../out.maskdm.yaml", "~/x.yaml"]) {
      for (const tool of ["lint", "propose_change", "describe_design", "start_run"]) {
        const extra = { propose_change: { fix: true }, start_run: { stage: "pretrain" } }[tool] ?? {};
        const { isError, text } = await call(tool, { file, ...extra });
        expect({ tool, file, isError, text }).toMatchObject({
          isError: true,
          text: expect.stringContaining("outside of"),
        });
      }
    }
    for (const set of [[`data.path=${elsewhere}/images`], ["data.path=link/images"], [`finetune.from=${elsewhere}`]]) {
      for (const tool of ["propose_change", "describe_design", "start_run"]) {
        const extra = tool === "start_run" ? { stage: "pretrain" } : {};
        const { isError, text } = await call(tool, { file: "tiny.maskdm.yaml", set, ...extra });
        expect({ tool, set, isError, text }).toMatchObject({
          isError: true,
          text: expect.stringContaining("outside of"),
        });
      }
    }
    // The user's own file may train on images elsewhere; what they look like is not shown.
    const own = join(workspace.path, "own.maskdm.yaml");
    writeFileSync(own, `data: { path: "${elsewhere}/images" }\n`);
    onTestFinished(() => rmSync(own));
    writeFileSync(join(elsewhere, "images", "a.png"), readFileSync(join(workspace.path, "images", "00.png")));
    const described = await call("describe_design", { file: "own.maskdm.yaml" });
    expect(described.data["picture"]).toContain("the images lie outside");
    expect(described.content.some(({ type }) => type === "image")).toBe(false);
  });

  it("tells a bad input with what the tool takes, and an unknown tool", async () => {
    const { call, client } = await session();
    const bad = await call("lint", { path: "tiny.maskdm.yaml" });
    expect(bad).toMatchObject({ isError: true, text: expect.stringMatching(/^lint: .*It takes: file\.$/) });
    const missing = await call("lint", { file: "none.maskdm.yaml" });
    expect(missing).toMatchObject({ isError: true, text: expect.stringContaining("there is no such file") });
    await expect(client.callTool({ name: "rm", arguments: {} })).rejects.toThrow("there is no tool rm");
  });
});

describe("starting and stopping runs", () => {
  const start = { file: "tiny.maskdm.yaml", stage: "pretrain" };

  it.each([
    ["a client that cannot ask", {}, /--allow-start.*\n.*\n?.*maskdm queue add tiny.maskdm.yaml --stage pretrain/s],
    [
      "a client whose runs are elsewhere",
      { args: ["--runs-dir", "others"] },
      /maskdm queue add tiny.maskdm.yaml --stage pretrain --runs-dir others \(in .*\)\n/,
    ],
    [
      "a client whose question fails",
      {
        answer: (): never => {
          throw new Error("no window");
        },
      },
      /^Nothing was changed: the client did not ask its user \(.*no window\)\.$/,
    ],
    ["a user who declines", { answer: (): "decline" => "decline" }, /^Nothing was changed: the user declined/],
    [
      "a user who does not answer",
      { answer: (): "cancel" => "cancel" },
      /^Nothing was changed: the user did not answer/,
    ],
  ] as const)("%s: nothing changes", async (_, options, said) => {
    const { call } = await session(options);
    const before = contents(workspace.path);
    const { isError, text } = await call("start_run", start);
    expect({ isError, text }).toEqual({ isError: true, text: expect.stringMatching(said) });
    expect(contents(workspace.path)).toEqual(before);
  });

  it("goes from start to comparison, asking before each change", async () => {
    let answer: "accept" | "decline" = "accept";
    const { call, asked } = await session({ answer: () => answer });
    const started = await call("start_run", { ...start, set: ["pretrain.steps=100000"], name: "long" });
    expect(asked.at(-1)).toMatch(/^Pretrain tiny.maskdm.yaml\?\n100,000 steps of 8 images: .*pretrain.steps=100000/);
    const run = String(started.data["run"]);
    expect(started.content.some((part) => part.type === "resource_link" && part.uri.endsWith(run))).toBe(true);

    const progress = async (least: number): Promise<void> => {
      for (;;) {
        const { data } = await call("run_status", { run, wait_seconds: 1 });
        const [shown] = data["runs"] as { state: string; step: number | null; message: string | null }[];
        expect(["queued", "starting", "running"], String(shown!.message)).toContain(shown!.state);
        if ((shown!.step ?? 0) > least) return;
      }
    };
    await progress(5);

    answer = "decline";
    expect(await call("control_run", { run, action: "stop" })).toMatchObject({ isError: true });
    expect(asked.at(-1)).toMatch(/^Stop .*\?\nIt finishes its step, saves a checkpoint and ends; it can be resumed/);
    await progress(10);

    answer = "accept";
    await call("control_run", { run: "long", action: "stop" });
    const stopped = await call("run_status", { run, wait_seconds: 120 });
    expect(stopped.data).toMatchObject({ runs: [{ run, name: "long", state: "stopped" }] });
    const [{ step }] = stopped.data["runs"] as [{ step: number }];

    await call("control_run", { run, action: "resume" });
    await progress(step);
    // Queued behind it, and taken out again.
    const waiting = await call("start_run", { ...start, name: "waiting" });
    expect(waiting.data).toMatchObject({ state: "queued" });
    await call("control_run", { run: "waiting", action: "stop" });
    expect(asked.at(-1)).toMatch(/^Remove /);
    const second = await call("start_run", { ...start, set: ["mask.rate=0.5", "pretrain.steps=40"], name: "short" });
    await call("control_run", { run, action: "stop" });

    const ended = await call("run_status", { run: "short", wait_seconds: 240, picture: true });
    expect(ended.data).toMatchObject({ runs: [{ run: second.data["run"], state: "finished", step: 40, steps: 40 }] });
    const all = await call("run_status", {});
    expect((all.data["runs"] as { name: string }[]).map(({ name }) => name).sort()).toEqual(["long", "short"]);

    const compared = await call("compare_runs", { runs: ["long", "short"] });
    const { differing, measures } = compared.data as Record<
      string,
      { key?: string; metric?: string; values: unknown[] }[]
    >;
    expect(differing).toEqual([
      { key: "mask.rate", values: ["0.75", "0.5"] },
      { key: "pretrain.steps", values: ["100000", "40"] },
    ]);
    expect(measures!.find(({ metric }) => metric === "loss")!.values).toEqual([expect.any(Number), expect.any(Number)]);
    expect(compared.text).toContain("note: the masks differ");

    const finished = await call("control_run", { run: "short", action: "resume" });
    expect(finished).toMatchObject({
      isError: true,
      text: expect.stringContaining("cannot be resumed: it is finished"),
    });
    // Start, stop twice declined and accepted, resume, start, remove, start, stop: each was asked for.
    expect(asked.length).toBe(8);
  }, 300_000);

  it("--allow-start leaves asking to the client", async () => {
    const { call } = await session({ args: ["--allow-start", "--runs-dir", "others"] });
    const { data, text } = await call("start_run", { ...start, set: ["pretrain.steps=5", "pretrain.sample_every=0"] });
    expect(text).toMatch(/pretrain (queued|starting|running)/);
    const ended = await call("run_status", { run: String(data["run"]), wait_seconds: 120 });
    expect(ended.data).toMatchObject({ runs: [{ state: "finished", step: 5 }] });
  }, 150_000);
});
