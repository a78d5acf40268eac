/** The page that MaskDM: Doctor shows, from what `maskdm doctor --json-lines` prints, as far as it has come. */
import * as z from "zod";
import { bytes } from "../../core/numbers.ts";
import { shellArgument } from "../../node/shellCommand.ts";

const backendSchema = z.object({
  name: z.string(),
  works: z.boolean(),
  version: z.string().nullable(),
  threads: z.number().nullable(),
  millisecondsPerStep: z.number().nullable(),
  batchSize: z.number().nullable(),
  difference: z.number().nullable(),
  reason: z.string().nullable(),
  remedy: z.string().nullable(),
});
const torchSchema = z.object({
  works: z.boolean(),
  python: z.string().nullable(),
  pythonVersion: z.string().nullable(),
  version: z.string().nullable(),
  devices: z.array(z.object({ kind: z.string(), name: z.string(), memoryBytes: z.number() })),
  reason: z.string().nullable(),
  remedy: z.string().nullable(),
});
const folderSchema = z.object({
  path: z.string(),
  exists: z.boolean(),
  writable: z.boolean(),
  freeBytes: z.number().nullable(),
  reason: z.string().nullable(),
});

export const findingSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("machine"),
    version: z.string(),
    node: z.object({ version: z.string(), wanted: z.string() }),
    machine: z.object({
      platform: z.string(),
      cpu: z.string(),
      cores: z.number(),
      memoryBytes: z.number(),
      freeMemoryBytes: z.number(),
    }),
  }),
  z.object({ kind: z.literal("folders"), runsFolder: folderSchema, cacheFolder: folderSchema }),
  z.object({
    kind: z.literal("images"),
    images: z.object({
      works: z.boolean(),
      version: z.string().nullable(),
      reason: z.string().nullable(),
      remedy: z.string().nullable(),
    }),
  }),
  z.object({ kind: z.literal("trying"), backend: z.string() }),
  z.object({ kind: z.literal("backend"), backend: backendSchema }),
  z.object({ kind: z.literal("torch"), torch: torchSchema }),
  z.object({ kind: z.literal("verdict"), ok: z.boolean(), auto: z.string().nullable() }),
]);
export type Finding = z.output<typeof findingSchema>;

/** @returns null where the line is no finding */
export function parseFinding(line: string): Finding | null {
  try {
    const parsed = findingSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/** How far an examination is. */
export type Progress =
  | { readonly state: "examining" }
  /** it came to its end, or the user ended it */
  | { readonly state: "ended" | "cancelled" }
  | { readonly state: "failed"; readonly reason: string };

/**
 * @param findings in the order in which they came
 * @param program path of the command line's file, which has no name of its own in a terminal
 * @returns Markdown: a section for each finding
 */
export function doctorPage(findings: readonly Finding[], progress: Progress, program: string): string {
  return [
    "# MaskDM Doctor",
    headline(findings, progress),
    ...findings.flatMap((finding) => (finding.kind === "machine" ? [machineTable(finding)] : [])),
    ...besides(findings),
    ...backends(findings),
    ...remedies(findings, program),
    "",
  ].join("\n\n");
}

function headline(findings: readonly Finding[], progress: Progress): string {
  if (progress.state === "failed") return `**The examination failed:** ${cell(progress.reason)}`;
  if (progress.state === "cancelled") return "**Cancelled.** What is not listed below was not examined.";
  const verdict = findings.find((finding) => finding.kind === "verdict");
  if (verdict !== undefined) {
    if (!verdict.ok)
      return "**No backend works: nothing can be trained or drawn on this machine.** What to do is below.";
    const auto = verdict.auto === null ? "takes none of them; `torch` can be asked for" : `takes **${verdict.auto}**`;
    return `This machine can train. \`engine.backend: auto\` ${auto}.`;
  }
  const trying = findings.findLast((finding) => finding.kind === "trying");
  return trying === undefined
    ? "Examining what this machine can compute with …"
    : `Examining what this machine can compute with: a training step on **${trying.backend}** …`;
}

const machineTable = ({ machine, node, version }: Extract<Finding, { kind: "machine" }>): string =>
  table(
    ["Machine", ""],
    [
      ["Processor", `${cell(machine.cpu)}, ${machine.cores} cores`],
      ["Memory", `${bytes(machine.memoryBytes)}, ${bytes(machine.freeMemoryBytes)} free`],
      ["System", machine.platform],
      ["MaskDM Studio", `${version} on Node ${node.version} (${node.wanted} is needed)`],
    ],
  );

function besides(findings: readonly Finding[]): string[] {
  const rows = findings.flatMap((finding): string[][] => {
    if (finding.kind === "images") {
      const { works, version, reason } = finding.images;
      return [["Images", mark(works), cell(version ?? reason ?? "")]];
    }
    if (finding.kind !== "folders") return [];
    const { runsFolder, cacheFolder } = finding;
    return [
      ["Folder of runs", mark(runsFolder.writable), folderText(runsFolder)],
      ["Cache", mark(cacheFolder.writable), folderText(cacheFolder)],
    ];
  });
  return rows.length === 0 ? [] : [table(["Files", "Works", ""], rows)];
}

function backends(findings: readonly Finding[]): string[] {
  const rows = findings.flatMap((finding) => {
    if (finding.kind === "torch") return [torchRow(finding.torch)];
    return finding.kind === "backend" ? [backendRow(finding.backend)] : [];
  });
  return rows.length === 0 ? [] : [table(["Backend", "Works", "Library", "Threads", "A tiny training step"], rows)];
}

function remedies(findings: readonly Finding[], program: string): string[] {
  const missing = findings.flatMap((finding) => {
    if (finding.kind === "backend" && !finding.backend.works) return [finding.backend];
    if (finding.kind === "torch" && finding.torch.reason !== null) return [{ name: "torch", ...finding.torch }];
    if (finding.kind === "images" && !finding.images.works) return [{ name: "Images (sharp)", ...finding.images }];
    return [];
  });
  if (missing.length === 0) return [];
  return [
    "## What does not work, and how to get it",
    missing.map(({ name, reason, remedy }) => `- **${name}**: ${reason}. ${remedy}`).join("\n"),
    ...(missing.some(({ remedy }) => remedy?.includes("`maskdm ") === true)
      ? [`In a terminal, \`maskdm\` is \`node ${shellArgument(program)}\`.`]
      : []),
  ];
}

function backendRow({
  name,
  works,
  version,
  threads,
  millisecondsPerStep,
  batchSize,
}: z.output<typeof backendSchema>): string[] {
  const speed = millisecondsPerStep === null ? "" : `${millisecondsPerStep.toFixed(1)} ms for ${batchSize} images`;
  return [name, mark(works), cell(version ?? ""), threads === null ? "" : String(threads), speed];
}

function torchRow({ works, python, pythonVersion, version, devices }: z.output<typeof torchSchema>): string[] {
  const names = devices.map(({ name, memoryBytes }) => `${name}, ${bytes(memoryBytes)} of memory`);
  const on = names.length === 0 ? "on the processor" : `on ${names.join(" and ")}`;
  const library = works ? `PyTorch ${version} in Python ${pythonVersion}, ${python}` : "";
  return ["torch", mark(works), cell(library), "", works ? cell(on) : ""];
}

function folderText({ path, exists, writable, freeBytes, reason }: z.output<typeof folderSchema>): string {
  const free = freeBytes === null ? "" : `, ${bytes(freeBytes)} free`;
  const state = writable ? (exists ? "" : ", made when it is needed") : `, cannot be written (${reason})`;
  return cell(`${path}${state}${free}`);
}

const mark = (works: boolean): string => (works ? "yes" : "**no**");

/** In a cell a bar would begin the next one. */
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
