import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { TOOLS } from "../../../src/core/assistant/tools.ts";
import { fileToolHost, type HostParts } from "../../../src/node/assistant/fileToolHost.ts";

const caller = { signal: new AbortController().signal, progress: () => {} };

function hostOf(change: Partial<HostParts>) {
  const root = mkdtempSync(join(tmpdir(), "maskdm-restricted-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "images"));
  writeFileSync(join(root, "images", "a.png"), "");
  writeFileSync(join(root, "a.maskdm.yaml"), "data: { path: images, image_size: 32 }\n");
  const refuse = async (): Promise<never> => {
    throw new Error("nothing may be started");
  };
  const host = fileToolHost({
    ...{ roots: () => [root], widen: "", runsDirFor: () => join(root, "runs"), unsaved: () => null },
    ...{ program: { command: "no-such-program", args: [], env: {} }, restricted: () => null },
    ...{ runs: async () => [], start: refuse, resume: refuse, stop: refuse },
    ...change,
  });
  return { host, root };
}

it("where nothing may be started, nothing that a file names is looked at", async () => {
  const { host } = hostOf({ restricted: () => "This folder is not trusted." });
  const { act } = await TOOLS.describe_design.prepare({ file: "a.maskdm.yaml" }, host);
  const { data, pictures } = await act(caller);
  expect(data).toMatchObject({ images: null, picture: "This folder is not trusted." });
  expect(pictures).toBeUndefined();
});

it("a file with changes that are not saved is read as it stands in the editor, and has no picture", async () => {
  const { host } = hostOf({ unsaved: () => "data: { path: images, image_size: 64 }\n" });
  const { act } = await TOOLS.describe_design.prepare({ file: "a.maskdm.yaml" }, host);
  const { data } = await act(caller);
  expect(data).toMatchObject({ images: 1, imageSize: 64, picture: expect.stringContaining("not saved") });
});

it("what cannot be drawn is said, and the numbers are given", async () => {
  const { host } = hostOf({ program: { command: process.execPath, args: ["-e", "process.exit(3)"], env: {} } });
  const { act } = await TOOLS.describe_design.prepare({ file: "a.maskdm.yaml" }, host);
  expect((await act(caller)).data).toMatchObject({ imageSize: 32, picture: "the images could not be read" });
});

it("a question says what will be done, and nothing is done before it is answered", async () => {
  const { host } = hostOf({});
  const { question, act } = await TOOLS.start_run.prepare({ file: "a.maskdm.yaml", stage: "pretrain" }, host);
  expect(question?.title).toBe("Pretrain a.maskdm.yaml?");
  expect(question?.message).toMatch(/^\d[\d,]* steps of \d+ images: .*memory and .* of disk at most\./);
  expect(question?.command).toEqual(["queue", "add", "a.maskdm.yaml", "--stage", "pretrain"]);
  await expect(act(caller)).rejects.toThrow("nothing may be started");
});

it("without a folder there is nothing to look into", async () => {
  const { host } = hostOf({ roots: () => [], widen: "Open a folder." });
  await expect(TOOLS.lint.prepare({ file: "a.maskdm.yaml" }, host).then(({ act }) => act(caller))).rejects.toThrow(
    "There is no folder that the tools may look into. Open a folder.",
  );
});
