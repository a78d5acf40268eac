import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../../../scripts/vscode/paths.ts";
import {
  COMMAND_TEMPLATES,
  filledCommand,
  takesScript,
  unknownPlaceholders,
} from "../../../src/core/experiment/computeCommand.ts";

/** The shell's own, which TypeScript would take for a template's. */
const HOME = ["$", "{HOME}"].join("");

describe("compute.command", () => {
  it("is filled in, and leaves the shell what is the shell's", () => {
    const values = { script: "'/a b/train.sh'", folder: "'/a b'", run: "r", workers: "4" };
    const command = `x --n={workers} ${HOME} {a,b} {script} {folder}/out`;
    expect(filledCommand(command, values)).toBe(`x --n=4 ${HOME} {a,b} '/a b/train.sh' '/a b'/out`);
  });

  it("may name what it has, and nothing else", () => {
    expect(unknownPlaceholders(`sbatch --gres=gpu:{gpus} ${HOME}/x {script} {Run}`)).toEqual(["gpus", "Run"]);
    expect(takesScript("sh {script}")).toBe(true);
    expect(takesScript("sh script")).toBe(false);
  });

  it("has templates that are in the manual", () => {
    const manual = readFileSync(path.join(ROOT, "docs", "cluster.md"), "utf8");
    for (const { to, command } of COMMAND_TEMPLATES) {
      expect(unknownPlaceholders(command)).toEqual([]);
      expect(takesScript(command)).toBe(true);
      expect(manual).toContain(`| ${to} | \`${command}\``);
    }
  });
});
