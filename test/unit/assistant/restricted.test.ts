import { execFileSync } from "node:child_process";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { TOOLS } from "../../../src/core/assistant/tools.ts";
import { caller, hostOf } from "./testHost.ts";

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
  const { host } = hostOf();
  const { question, act } = await TOOLS.start_run.prepare({ file: "a.maskdm.yaml", stage: "pretrain" }, host);
  expect(question?.title).toBe("Pretrain a.maskdm.yaml?");
  expect(question?.message).toMatch(/^\d[\d,]* steps of \d+ images: .*memory and .* of disk at most\./);
  expect(question?.command).toEqual(["queue", "add", "a.maskdm.yaml", "--stage", "pretrain"]);
  await expect(act(caller)).rejects.toThrow("nothing may be started");
});

it("where a training is sent is asked about, and is what the file says", async () => {
  const compute = "compute: { target: command, command: 'run-there {script}' }";
  const { host } = hostOf({
    unsaved: () => `data: { path: images, image_size: 32 }\nengine: { backend: torch }\n${compute}\n`,
  });
  const start = (...set: string[]) => TOOLS.start_run.prepare({ file: "a.maskdm.yaml", stage: "pretrain", set }, host);
  expect((await start()).question?.message).toContain("It is sent away by running: run-there {script}");
  expect((await start("compute.target=ray")).question?.message).toContain("the Ray cluster");
  await expect(start("compute.command='other {script}'")).rejects.toThrow("compute.command decides what runs where");
  await expect(start("compute.address=http://10.0.0.1:8265")).rejects.toThrow("taken from the file only");
});

it("without a folder there is nothing to look into", async () => {
  const { host } = hostOf({ roots: () => [], widen: "Open a folder." });
  await expect(TOOLS.lint.prepare({ file: "a.maskdm.yaml" }, host).then(({ act }) => act(caller))).rejects.toThrow(
    "There is no folder that the tools may look into. Open a folder.",
  );
});

it.skipIf(process.platform === "win32")(
  "a pipe, which would be waited for, and a file without end are not read",
  async () => {
    const { host, root } = hostOf();
    execFileSync("mkfifo", [join(root, "pipe.yaml")]);
    writeFileSync(join(root, "large.yaml"), "");
    truncateSync(join(root, "large.yaml"), 2 ** 31);
    const lint = async (file: string) => (await TOOLS.lint.prepare({ file }, host)).act(caller);
    await expect(lint("pipe.yaml")).rejects.toThrow("pipe.yaml cannot be read: it is no file.");
    await expect(lint("large.yaml")).rejects.toThrow("large.yaml cannot be read: it is too large.");
  },
);
