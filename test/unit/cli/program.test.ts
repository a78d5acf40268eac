import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { describe, expect, it } from "vitest";
import packageJson from "../../../package.json" with { type: "json" };
import { UserError } from "../../../src/core/errors.ts";
import type { Io } from "../../../src/trainer/cli/io.ts";
import { buildProgram, type CommandFile, runCommandLine } from "../../../src/trainer/cli/program.ts";
import { memoryIo } from "./memoryIo.ts";

async function run(argv: string[], commands?: CommandFile[]) {
  const { io, out, err } = memoryIo();
  const exitCode = await runCommandLine(argv, io, commands);
  return { exitCode, out: out.text, err: err.text };
}

/** A command that does what a test asks. */
function command(action: (io: Io) => unknown): CommandFile {
  return {
    register(program: Command, io: Io) {
      program
        .command("act")
        .option("--count <n>", "a number", (text) => {
          if (text === "bad") throw new InvalidArgumentError("A number is needed.");
          return Number(text);
        })
        .action(async () => {
          await action(io);
        });
    },
  };
}

/** The commands that the help text lists. */
function visibleCommands(): readonly Command[] {
  const program = buildProgram(memoryIo().io);
  return program
    .createHelp()
    .visibleCommands(program)
    .filter((child) => child.name() !== "help");
}

describe("every command", () => {
  const names = visibleCommands().map((child) => child.name());

  it.each(names)("%s has examples in its help, and a description", async (name) => {
    const { exitCode, out, err } = await run([name, "--help"]);
    expect(exitCode).toBe(0);
    expect(err).toBe("");
    const [, examples] = out.split("\nExamples:\n");
    expect(examples, "the help text has a section Examples").toBeDefined();
    expect(examples).toContain(`maskdm ${name}`);
    const description = visibleCommands()
      .find((child) => child.name() === name)
      ?.description();
    expect(description).toMatch(/\w+ \w+/);
  });

  it.each(names)("%s refuses an unknown option with exit code 2", async (name) => {
    const { exitCode, out, err } = await run([name, "--no-such-option"]);
    expect(exitCode).toBe(2);
    expect(out).toBe("");
    expect(err).toContain("unknown option '--no-such-option'");
    expect(err).toContain("--help");
  });
});

describe("the command line", () => {
  it("has the commands that the README names", () => {
    const table = readFileSync(new URL("../../../README.md", import.meta.url), "utf8").matchAll(/^\| `([a-z]+)/gm);
    const named = [...table].map((match) => match[1]!);
    expect(named).toEqual(expect.arrayContaining(visibleCommands().map((child) => child.name())));
    expect(named).toContain("pretrain");
  });

  it("prints the version of the package", async () => {
    expect(await run(["--version"])).toEqual({ exitCode: 0, out: `${packageJson.version}\n`, err: "" });
  });

  it("lists the commands, with examples", async () => {
    const { exitCode, out } = await run(["--help"]);
    expect(exitCode).toBe(0);
    for (const child of visibleCommands()) expect(out).toContain(`\n  ${child.name()}`);
    expect(out).toContain("Examples:");
  });

  it("takes no command at all as bad usage", async () => {
    const { exitCode, out, err } = await run([], [command(() => {})]);
    expect(exitCode).toBe(2);
    expect(out).toBe("");
    expect(err).toContain("Usage: maskdm");
  });

  it("refuses an unknown command and suggests a close one", async () => {
    const { exitCode, err } = await run(["acr"], [command(() => {})]);
    expect(exitCode).toBe(2);
    expect(err).toContain("unknown command 'acr'");
    expect(err).toContain("Did you mean act?");
  });

  it("refuses bad option values and stray arguments with exit code 2", async () => {
    const bad = await run(["act", "--count", "bad"], [command(() => {})]);
    expect(bad.exitCode).toBe(2);
    expect(bad.err).toContain("A number is needed.");
    expect((await run(["act", "stray"], [command(() => {})])).exitCode).toBe(2);
    expect((await run(["act", "--count"], [command(() => {})])).exitCode).toBe(2);
  });

  it("turns errors of an action into a message and an exit code, without a stack", async () => {
    const fail = (error: Error) =>
      run(
        ["act"],
        [
          command(() => {
            throw error;
          }),
        ],
      );
    expect(await fail(new UserError("a.yaml: bad"))).toEqual({ exitCode: 2, out: "", err: "error: a.yaml: bad\n" });
    expect((await fail(new UserError("full", "failure"))).exitCode).toBe(1);
    const unexpected = await fail(new TypeError("boom"));
    expect(unexpected.exitCode).toBe(1);
    expect(unexpected.err.trim().split("\n")).toHaveLength(1);
  });

  it("is 0 when the action ends well", async () => {
    expect(await run(["act"], [command((io) => io.stdout("done"))])).toEqual({ exitCode: 0, out: "done\n", err: "" });
  });
});
