/** The doctor's report for people. */
import { formatBytes } from "../../node/run/diskError.ts";
import type { BackendCheck } from "./backendCheck.ts";
import type { FolderCheck } from "./folders.ts";
import type { DoctorReport } from "./report.ts";

export function describeReport(report: DoctorReport): string {
  const { node, machine, backends, images } = report;
  const sections = [
    `MaskDM Studio ${report.version} on Node ${node.version} (${node.wanted} is needed), ${machine.platform}`,
    `${machine.cores} cores (${machine.cpu}), ${formatBytes(machine.memoryBytes)} of memory, ${formatBytes(machine.freeMemoryBytes)} free`,
    "",
    "Backends",
    ...backends.flatMap(backendLines),
    report.auto === null
      ? "  None works: nothing can be trained or drawn here."
      : `  engine.backend: auto takes ${report.auto}.`,
    "",
    "Images",
    images.works ? `  works  ${images.version}` : `  NO     sharp: ${images.reason}. ${images.remedy}`,
    "",
    "Folders",
    ...folderLines("runs", report.runsFolder),
    ...folderLines("cache", report.cacheFolder),
  ];
  return sections.join("\n");
}

function backendLines(check: BackendCheck): string[] {
  const { name, works, version, threads, millisecondsPerStep, batchSize, difference, reason, remedy } = check;
  const title = name.padEnd(12);
  if (!works) return [`  NO     ${title} ${reason}.`, `         ${" ".repeat(12)} ${remedy}`];
  const speed = `${millisecondsPerStep!.toFixed(1)} ms for a tiny training step of ${batchSize} images`;
  const agreement = difference === 0 ? "" : `, differs from the first by ${difference!.toExponential(0)}`;
  return [`  works  ${title} ${version}, ${threads} ${threads === 1 ? "thread" : "threads"}: ${speed}${agreement}`];
}

function folderLines(title: string, { path, exists, writable, freeBytes, reason }: FolderCheck): string[] {
  const free = freeBytes === null ? "" : `, ${formatBytes(freeBytes)} free`;
  const state = writable ? `${exists ? "" : "not there yet, can be made"}` : `cannot be written (${reason})`;
  return [`  ${writable ? "works" : "NO   "}  ${title.padEnd(12)} ${path}${state === "" ? "" : `: ${state}`}${free}`];
}
