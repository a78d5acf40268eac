/** The page that MaskDM: Doctor shows, from what `maskdm doctor --json` prints. */
import * as z from "zod";
import { bytes } from "../../core/lint/numbers.ts";
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
const folderSchema = z.object({
  path: z.string(),
  exists: z.boolean(),
  writable: z.boolean(),
  freeBytes: z.number().nullable(),
  reason: z.string().nullable(),
});

export const doctorReportSchema = z.object({
  ok: z.boolean(),
  version: z.string(),
  node: z.object({ version: z.string(), wanted: z.string() }),
  machine: z.object({
    platform: z.string(),
    cpu: z.string(),
    cores: z.number(),
    memoryBytes: z.number(),
    freeMemoryBytes: z.number(),
  }),
  backends: z.array(backendSchema),
  auto: z.string().nullable(),
  images: z.object({
    works: z.boolean(),
    version: z.string().nullable(),
    reason: z.string().nullable(),
    remedy: z.string().nullable(),
  }),
  runsFolder: folderSchema,
  cacheFolder: folderSchema,
});
type Report = z.output<typeof doctorReportSchema>;

/**
 * @param program path of the command line's file, which has no name of its own in a terminal
 * @returns Markdown, or null where the text is no report
 */
export function doctorPage(json: string, program: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null;
  }
  const parsed = doctorReportSchema.safeParse(value);
  return parsed.success ? page(parsed.data, program) : null;
}

function page(report: Report, program: string): string {
  const { machine, node, images } = report;
  const missing = [
    ...report.backends.filter(({ works }) => !works).map(({ name, reason, remedy }) => [name, reason, remedy]),
    ...(images.works ? [] : [["Images (sharp)", images.reason, images.remedy]]),
  ];
  return [
    "# MaskDM Doctor",
    report.auto === null
      ? "**No backend works: nothing can be trained or drawn on this machine.** What to do is below."
      : `This machine can train. \`engine.backend: auto\` takes **${report.auto}**.`,
    table(
      ["Machine", ""],
      [
        ["Processor", `${cell(machine.cpu)}, ${machine.cores} cores`],
        ["Memory", `${bytes(machine.memoryBytes)}, ${bytes(machine.freeMemoryBytes)} free`],
        ["System", machine.platform],
        ["MaskDM Studio", `${report.version} on Node ${node.version} (${node.wanted} is needed)`],
      ],
    ),
    table(["Backend", "Works", "Library", "Threads", "A tiny training step"], report.backends.map(backendRow)),
    table(
      ["Besides", "Works", ""],
      [
        ["Images", mark(images.works), cell(images.version ?? images.reason ?? "")],
        ["Folder of runs", mark(report.runsFolder.writable), folderText(report.runsFolder)],
        ["Cache", mark(report.cacheFolder.writable), folderText(report.cacheFolder)],
      ],
    ),
    ...(missing.length === 0
      ? []
      : [
          "## What does not work, and how to get it",
          missing.map((row) => `- **${row[0]}**: ${row[1]}. ${row[2]}`).join("\n"),
          ...(missing.some((row) => row[2]?.includes("`maskdm "))
            ? [`In a terminal, \`maskdm\` is \`node ${shellArgument(program)}\`.`]
            : []),
        ]),
    "",
  ].join("\n\n");
}

function backendRow({
  name,
  works,
  version,
  threads,
  millisecondsPerStep,
  batchSize,
}: Report["backends"][number]): string[] {
  const speed = millisecondsPerStep === null ? "" : `${millisecondsPerStep.toFixed(1)} ms for ${batchSize} images`;
  return [name, mark(works), cell(version ?? ""), threads === null ? "" : String(threads), speed];
}

function folderText({ path, exists, writable, freeBytes, reason }: Report["runsFolder"]): string {
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
