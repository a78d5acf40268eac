import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { RUN_FORMAT_VERSION } from "../../../src/core/run/format.ts";
import type { StudyRequest } from "../../../src/core/study/request.ts";
import { lockNew } from "../../../src/node/run/lock.ts";
import type { RunLock } from "../../../src/node/run/runLock.ts";
import { studyFolder } from "../../../src/node/study/places.ts";
import { readStudyRecord } from "../../../src/node/study/recordFile.ts";
import { readStudyRequest } from "../../../src/node/study/studyRequest.ts";
import { openStudy } from "../../../src/trainer/study/openStudy.ts";
import { EXAMPLE_BASE } from "../../support/exampleStudy.ts";

const NOW = "2026-01-31T10:00:00.000Z";
const STUDY = {
  ...{ name: "rates", studyFile: "/s/rates.maskstudy.yaml", studyText: "base: a.maskdm.yaml\nseeds: 2\n" },
  ...{ baseFile: "/s/a.maskdm.yaml", baseText: EXAMPLE_BASE },
};

let runsDir: string;
let lock: RunLock;

beforeEach(() => {
  runsDir = mkdtempSync(join(tmpdir(), "maskdm-open-"));
  mkdirSync(studyFolder(runsDir, "rates"), { recursive: true });
  lock = lockNew(studyFolder(runsDir, "rates"));
  // All that is done within one tick of the clock.
  vi.useFakeTimers({ now: new Date(NOW), toFake: ["Date"] });
});

afterEach(() => {
  vi.useRealTimers();
  lock.release();
  rmSync(runsDir, { recursive: true });
});

function open(command: StudyRequest["command"], study?: StudyRequest["study"], lines: string[] = []) {
  const request: StudyRequest = { formatVersion: RUN_FORMAT_VERSION, command, requestedAt: NOW, study };
  writeFileSync(join(studyFolder(runsDir, "rates"), "request.json"), JSON.stringify(request));
  const opened = openStudy(runsDir, "rates", lock, (line) => lines.push(line));
  opened?.book.write();
  return opened;
}

const recorded = () => {
  const read = readStudyRecord(runsDir, "rates");
  return read.ok ? read.value : read.reason;
};

it("has what was started in its book, and leaves what is asked until that is written", () => {
  const opened = open("run", STUDY)!;
  expect(readStudyRequest(runsDir, "rates")).toEqual(opened.request);
  expect(recorded()).toMatchObject({ ...STUDY, startedAt: NOW, asked: "run", message: null, settled: {} });
  expect(recorded()).toEqual(opened.book.record);
  expect([opened.book.plan.cells.length, opened.request?.command]).toEqual([2, "run"]);
});

it("keeps what was settled, tells what has changed, and when it was started stays where it is to stop", () => {
  open("run", STUDY)!.book.update({ givenUp: { abc: 0.5 }, message: "going on" });
  vi.setSystemTime("2026-01-31T11:00:00.000Z");
  const lines: string[] = [];
  expect(open("retry", { ...STUDY, studyText: "base: a.maskdm.yaml\nseeds: 3\n" }, lines)!.request?.command).toBe(
    "retry",
  );
  expect(lines).toEqual([
    "seeds: new 2.",
    "1 cell is new, 0 cells are no longer part of the study, 2 cells are the same.",
  ]);
  const restarted = { givenUp: { abc: 0.5 }, startedAt: "2026-01-31T11:00:00.000Z", message: null };
  expect(recorded()).toMatchObject({ ...restarted, asked: "run" });
  vi.setSystemTime("2026-01-31T12:00:00.000Z");
  expect(open("stop")!.request?.command).toBe("stop");
  expect(recorded()).toMatchObject({ ...restarted, asked: "stop" });
});

it("has nothing to do where a study that was never started is to stop, and says what cannot be read", () => {
  expect(open("stop", STUDY)).toBeNull();
  expect(recorded()).toEqual(expect.any(String));
  expect(() => open("run")).toThrow("The study rates cannot be read: ");
  expect(() => open("run", { ...STUDY, studyText: "base: [" })).toThrow(STUDY.studyFile);
});
