/** What the editor takes to draw, in a real VS Code: npm run bench:editor -- --help */
import { mkdirSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { dashboardTimes, designerTimes, type Times } from "./editorTimes.ts";
import { describeMachine } from "./main.ts";
import { spread } from "./statistics.ts";

const HELP = `Milliseconds until a dashboard of many runs, and a designer after the window was reloaded, are drawn: in a VS Code in Chromium.

  npm run bench:editor -- [options]
    --vsix FILE              the package that is measured (default: the built extension of this repository)
    --runs 50 --points 100000
    --rounds 3               editors started one after the other
    --only dashboard|designer
    --out docs/benchmarks    where the report goes
`;

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: {
    ...{ vsix: text, only: text, runs: { ...text, default: "50" }, points: { ...text, default: "100000" } },
    ...{ rounds: { ...text, default: "3" }, out: { ...text, default: "docs/benchmarks" }, help: { type: "boolean" } },
  },
});
if (values.help) process.stdout.write(HELP);
else await measure();
process.exit();

async function measure(): Promise<void> {
  const vsix = values.vsix === undefined ? null : resolve(values.vsix);
  const [runs, points, rounds] = [Number(values.runs), Number(values.points), Number(values.rounds)];
  const load = loadavg()[0]!;
  const parts: readonly [name: string, title: string, take: () => Promise<Times>][] = [
    [
      "dashboard",
      `A dashboard of ${runs} runs of ${points} points, from picking them to the loss of all drawn to its end`,
      () => dashboardTimes(vsix, runs, points),
    ],
    ["designer", "A designer after the window was reloaded, from the reload on", () => designerTimes(vsix)],
  ];
  const sections: string[] = [];
  for (const [name, title, take] of parts) {
    if (values.only !== undefined && values.only !== name) continue;
    const readings: Times[] = [];
    for (let round = 0; round < rounds; round++) {
      const times = await take();
      process.stderr.write(`${name}: ${JSON.stringify(times)}\n`);
      readings.push(times);
    }
    sections.push(`## ${title}\n\n${table(readings)}`);
  }
  const { processor, cores, memoryGiB, system } = describeMachine();
  const date = new Date().toISOString().slice(0, 10);
  const command = ["npm run bench:editor --", ...process.argv.slice(2)].join(" ");
  const head = [
    "# What the editor takes to draw",
    `${date}, ${processor}, ${cores} cores, ${memoryGiB} GiB, ${system}; rounds: ${rounds}, load ${load.toFixed(1)} before.`,
    `\`${command.replace(/ --$/, "")}\``,
  ];
  const file = join(resolve(values.out), `${date}-editor.md`);
  mkdirSync(resolve(values.out), { recursive: true });
  writeFileSync(file, `${[...head, ...sections].join("\n\n")}\n`);
  process.stdout.write(`${relative(process.cwd(), file)}\n`);
}

/** Medians and spreads, and the ratio to the first row: of each round, since a slow minute of the machine meets both. */
function table(readings: readonly Times[]): string {
  const names = Object.keys(readings[0] ?? {});
  const rows = names.map((name) => {
    const of = (times: Times): number => times[name]!;
    const { median, lowest, highest } = spread(readings.map(of));
    const ratio = spread(readings.map((times) => of(times) / times[names[0]!]!)).median;
    return `| ${name} | ${median.toFixed(0)} | ${lowest.toFixed(0)} to ${highest.toFixed(0)} | ${ratio.toFixed(2)} |`;
  });
  return ["| | ms, median | spread | to the first row |", "|---|---:|---:|---:|", ...rows].join("\n");
}
