import { expect, it } from "vitest";
import type { z } from "zod";
import { doctorPage, type doctorReportSchema } from "../../../src/extension/commands/doctorPage.ts";
import { shellArgument } from "../../../src/node/shellCommand.ts";
import type { DoctorReport } from "../../../src/trainer/doctor/report.ts";

const works = { works: true, reason: null, remedy: null } as const;
const folder = { path: "/data/a|b", exists: false, writable: true, freeBytes: 2 ** 31, reason: null };
const PROGRAM = "/extensions/a b/dist/maskdm.js";
const REPORT: DoctorReport = {
  ok: true,
  version: "1.2.3",
  node: { version: "22.1.0", wanted: ">=20.9" },
  machine: { platform: "linux-x64", cpu: "Some CPU", cores: 8, memoryBytes: 2 ** 34, freeMemoryBytes: 2 ** 33 },
  backends: [
    { ...works, name: "onnx", version: "onnx 1", threads: 8, millisecondsPerStep: 1.25, batchSize: 4, difference: 0 },
    {
      name: "tfjs-node",
      works: false,
      version: null,
      threads: null,
      millisecondsPerStep: null,
      batchSize: null,
      difference: null,
      reason: "it is not installed",
      remedy: "npm install it",
    },
  ],
  auto: "onnx",
  images: { ...works, version: "sharp 1" },
  runsFolder: folder,
  cacheFolder: { ...folder, writable: false, reason: "read-only" },
};

it("shows what works, and how to get what does not", () => {
  // What doctor prints is what the page reads: this line does not compile otherwise.
  const input: z.input<typeof doctorReportSchema> = { ...REPORT, backends: [...REPORT.backends] };
  const page = doctorPage(JSON.stringify(input), PROGRAM)!;
  expect(page).toContain("`engine.backend: auto` takes **onnx**");
  expect(page).toContain("| onnx | yes | onnx 1 | 8 | 1.3 ms for 4 images |");
  expect(page).toContain("- **tfjs-node**: it is not installed. npm install it");
  expect(page).toContain("| Folder of runs | yes | /data/a\\|b, made when it is needed, 2 GiB free |");
  expect(page).toContain("cannot be written (read-only)");
});

it("tells how to call the command line where that helps, and only there", () => {
  const withRemedy = (remedy: string): string => {
    const [first, second] = REPORT.backends;
    return doctorPage(JSON.stringify({ ...REPORT, backends: [first, { ...second, remedy }] }), PROGRAM)!;
  };
  const line = `In a terminal, \`maskdm\` is \`node ${shellArgument(PROGRAM)}\`.`;
  expect(withRemedy("`maskdm doctor --install-tensorflow` installs it.")).toContain(line);
  expect(withRemedy("npm install it")).not.toContain(PROGRAM);
});

it("says so where nothing works", () => {
  expect(doctorPage(JSON.stringify({ ...REPORT, ok: false, auto: null }), PROGRAM)).toContain("No backend works");
});

it.each(["", "{}", "null", "[1", '{"ok":true}'])("takes %s for no report", (text) => {
  expect(doctorPage(text, PROGRAM)).toBe(null);
});
