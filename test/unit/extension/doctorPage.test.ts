import { expect, it } from "vitest";
import type { z } from "zod";
import {
  doctorPage,
  type Finding,
  type findingSchema,
  parseFinding,
} from "../../../src/extension/doctor/doctorPage.ts";
import { shellArgument } from "../../../src/node/shellCommand.ts";
import type { Finding as Printed } from "../../../src/trainer/doctor/report.ts";

const works = { works: true, reason: null, remedy: null } as const;
const folder = { path: "/data/a|b", exists: false, writable: true, freeBytes: 2 ** 31, reason: null };
const PROGRAM = "/extensions/a b/dist/maskdm.js";
const ONNX = {
  ...works,
  name: "onnx",
  version: "onnx 1",
  threads: 8,
  millisecondsPerStep: 1.25,
  batchSize: 4,
  difference: 0,
} as const;
const nothing = { version: null, threads: null, millisecondsPerStep: null, batchSize: null, difference: null };
const TENSORFLOW = {
  ...nothing,
  name: "tfjs-node",
  works: false,
  reason: "it is not installed",
  remedy: "npm install it",
} as const;
const TORCH = {
  ...works,
  python: "/venv/bin/python",
  pythonVersion: "3.12.1",
  version: "2.9.0",
  devices: [{ kind: "cuda" as const, name: "Some GPU", memoryBytes: 80 * 2 ** 30 }],
};
const PRINTED: readonly Printed[] = [
  {
    kind: "machine",
    version: "1.2.3",
    node: { version: "22.1.0", wanted: ">=20.9" },
    machine: { platform: "linux-x64", cpu: "Some CPU", cores: 8, memoryBytes: 2 ** 34, freeMemoryBytes: 2 ** 33 },
  },
  { kind: "folders", runsFolder: folder, cacheFolder: { ...folder, writable: false, reason: "read-only" } },
  { kind: "images", images: { ...works, version: "sharp 1" } },
  { kind: "trying", backend: "onnx" },
  { kind: "backend", backend: ONNX },
  { kind: "trying", backend: "tfjs-node" },
  { kind: "backend", backend: TENSORFLOW },
  { kind: "trying", backend: "torch" },
  { kind: "torch", torch: TORCH },
  { kind: "verdict", ok: true, auto: "torch" },
];
// What doctor prints is what the page reads: this line does not compile otherwise.
const FINDINGS: readonly Finding[] = PRINTED satisfies readonly z.input<typeof findingSchema>[];

it("shows what works, and how to get what does not", () => {
  const read = PRINTED.map((finding) => parseFinding(JSON.stringify(finding))!);
  expect(read).toEqual(FINDINGS);
  const page = doctorPage(read, { state: "ended" }, PROGRAM);
  expect(page).toContain("`engine.backend: auto` takes **torch**");
  expect(page).toContain("| onnx | yes | onnx 1 | 8 | 1.3 ms for 4 images |");
  const torch = "| torch | yes | PyTorch 2.9.0 in Python 3.12.1, /venv/bin/python |  | on Some GPU, 80 GiB of memory |";
  expect(page).toContain(torch);
  expect(page).toContain("- **tfjs-node**: it is not installed. npm install it");
  expect(page).toContain("| Folder of runs | yes | /data/a\\|b, made when it is needed, 2 GiB free |");
  expect(page).toContain("cannot be written (read-only)");
});

it("fills with each finding, and says what is being examined, from the beginning on", () => {
  const pages = FINDINGS.map((_, i) => doctorPage(FINDINGS.slice(0, i), { state: "examining" }, PROGRAM));
  expect(pages[0]).toContain("Examining what this machine can compute with …");
  expect(pages[1]).toContain("Some CPU");
  expect(pages[2]).toContain("| Cache | **no** |");
  expect(pages[4]).toContain("a training step on **onnx** …");
  expect(pages[5]).toContain("| onnx | yes |");
  expect(pages[6]).toContain("a training step on **tfjs-node** …");
  expect(pages[7]).toContain("- **tfjs-node**:");
  for (const page of pages) expect(page).not.toContain("can train");
});

it("says so where it was cancelled, or failed, and keeps what was found", () => {
  const some = FINDINGS.slice(0, 5);
  expect(doctorPage(some, { state: "cancelled" }, PROGRAM)).toMatch(/Cancelled[\s\S]*\| onnx \| yes/);
  expect(doctorPage(some, { state: "failed", reason: "exit code 7" }, PROGRAM)).toMatch(
    /failed:\*\* exit code 7[\s\S]*Some CPU/,
  );
});

it("tells how to call the command line where that helps, and only there", () => {
  const withRemedy = (remedy: string): string =>
    doctorPage([{ kind: "backend", backend: { ...TENSORFLOW, remedy } }], { state: "ended" }, PROGRAM);
  const line = `In a terminal, \`maskdm\` is \`node ${shellArgument(PROGRAM)}\`.`;
  expect(withRemedy("`maskdm doctor --install-tensorflow` installs it.")).toContain(line);
  expect(withRemedy("npm install it")).not.toContain(PROGRAM);
});

it("says so where nothing works", () => {
  const none: Finding = { kind: "verdict", ok: false, auto: null };
  expect(doctorPage([none], { state: "ended" }, PROGRAM)).toContain("No backend works");
});

it.each(["", "{}", "null", "[1", '{"ok":true}', '{"kind":"other"}'])("takes %s for no finding", (text) => {
  expect(parseFinding(text)).toBe(null);
});

it("tells how PyTorch comes to use the card", () => {
  const reason = "there is an NVIDIA card, but PyTorch 2.9.0+cpu is a build without CUDA";
  const remedy = "`maskdm doctor --install-torch` installs one with it.";
  const torch = { ...TORCH, devices: [], reason, remedy };
  const page = doctorPage(
    [
      { kind: "torch", torch },
      { kind: "verdict", ok: true, auto: "onnx" },
    ],
    { state: "ended" },
    PROGRAM,
  );
  expect(page).toContain("| torch | yes | PyTorch 2.9.0 in Python 3.12.1, /venv/bin/python |  | on the processor |");
  expect(page).toContain(`- **torch**: ${reason}. ${remedy}`);
  expect(page).toContain("In a terminal, `maskdm` is");
});
