/** The doctor's findings for people. */
import { formatBytes } from "../../node/run/diskError.ts";
import type { BackendCheck } from "./backendCheck.ts";
import type { FolderCheck } from "./folders.ts";
import type { Finding, Verdict } from "./report.ts";
import type { TorchCheck } from "./torchCheck.ts";

/** What is printed of a finding. */
export function describeFinding(finding: Exclude<Finding, { kind: "trying" }>): string {
  switch (finding.kind) {
    case "machine": {
      const { version, node, machine } = finding;
      return lines(
        `MaskDM Studio ${version} on Node ${node.version} (${node.wanted} is needed), ${machine.platform}`,
        `${machine.cores} cores (${machine.cpu}), ${formatBytes(machine.memoryBytes)} of memory, ${formatBytes(machine.freeMemoryBytes)} free`,
      );
    }
    case "folders":
      return lines(
        "",
        "Folders",
        ...folderLines("runs", finding.runsFolder),
        ...folderLines("cache", finding.cacheFolder),
      );
    case "images": {
      const { works, version, reason, remedy } = finding.images;
      const result = works ? `  works  ${version}` : `  NO     sharp: ${reason}. ${remedy}`;
      return lines("", "Images", result, "", "Backends");
    }
    case "backend":
      return lines(...backendLines(finding.backend));
    case "torch":
      return lines(...torchLines(finding.torch));
    case "verdict":
      return lines(verdictLine(finding));
  }
}

const lines = (...all: string[]): string => all.join("\n");

function backendLines(check: BackendCheck): string[] {
  const { name, works, version, threads, millisecondsPerStep, batchSize, difference, reason, remedy } = check;
  const title = name.padEnd(12);
  if (!works) return [`  NO     ${title} ${reason}.`, `         ${" ".repeat(12)} ${remedy}`];
  const speed = `${millisecondsPerStep!.toFixed(1)} ms for a tiny training step of ${batchSize} images`;
  const agreement = difference === 0 ? "" : `, differs from the first by ${difference!.toExponential(0)}`;
  return [`  works  ${title} ${version}, ${threads} ${threads === 1 ? "thread" : "threads"}: ${speed}${agreement}`];
}

function verdictLine({ ok, auto }: Verdict): string {
  if (!ok) return "  None works: nothing can be trained or drawn here.";
  return auto === null
    ? "  engine.backend: auto takes none of them; torch can be asked for."
    : `  engine.backend: auto takes ${auto}.`;
}

function torchLines({ works, python, pythonVersion, version, devices, reason, remedy }: TorchCheck): string[] {
  const title = "torch".padEnd(12);
  const advice = reason === null ? [] : [`  ${"".padEnd(19)} ${reason}.`, `  ${"".padEnd(19)} ${remedy}`];
  if (!works) return [`  NO     ${title} ${reason}.`, `         ${"".padEnd(12)} ${remedy}`];
  const on = devices.length === 0 ? "the processor alone" : devices.map(deviceText).join(", ");
  return [`  works  ${title} PyTorch ${version} in Python ${pythonVersion} (${python}), on ${on}`, ...advice];
}

const deviceText = ({ name, memoryBytes }: TorchCheck["devices"][number]): string =>
  `${name} (${formatBytes(memoryBytes)})`;

function folderLines(title: string, { path, exists, writable, freeBytes, reason }: FolderCheck): string[] {
  const free = freeBytes === null ? "" : `, ${formatBytes(freeBytes)} free`;
  const state = writable ? `${exists ? "" : "not there yet, can be made"}` : `cannot be written (${reason})`;
  return [`  ${writable ? "works" : "NO   "}  ${title.padEnd(12)} ${path}${state === "" ? "" : `: ${state}`}${free}`];
}
