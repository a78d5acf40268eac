import { readFileSync } from "node:fs";
import { CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { UserError } from "../../../src/core/errors.ts";
import { CommandExit, reportError } from "../../../src/trainer/cli/errors.ts";
import { memoryIo } from "./memoryIo.ts";

function report(error: unknown, debug = false) {
  const { io, out, err } = memoryIo();
  const exitCode = reportError(error, io, debug);
  expect(out.text).toBe("");
  return { exitCode, text: err.text };
}

describe("reportError", () => {
  it("shows a user error's message alone; bad input is 2, failed work is 1", () => {
    expect(report(new UserError("a.yaml: no such key"))).toEqual({
      exitCode: 2,
      text: "error: a.yaml: no such key\n",
    });
    expect(report(new UserError("the loss is not finite", "failure")).exitCode).toBe(1);
  });

  it("names the path of a system error and says what is wrong in words", () => {
    let thrown: unknown;
    try {
      readFileSync("/no/such/file");
    } catch (error) {
      thrown = error;
    }
    expect(report(thrown)).toEqual({
      exitCode: 2,
      text: "error: /no/such/file: there is no such file or folder\n",
    });
    const full = Object.assign(new Error("ENOSPC: write"), { code: "ENOSPC", path: "runs/a" });
    expect(report(full)).toEqual({
      exitCode: 1,
      text: "error: runs/a: the disk is full; free some space and try again\n",
    });
  });

  it("keeps an unexpected error to one line with a hint", () => {
    const { exitCode, text } = report(new TypeError("x is undefined\nand more"));
    expect(exitCode).toBe(1);
    expect(text).toBe("error: something unexpected went wrong: x is undefined (MASKDM_DEBUG=1 shows the details)\n");
    expect(report("a string").text).toContain("a string");
    expect(report(new Error("")).text).toContain("no message");
  });

  it("shows the stack in debug mode", () => {
    const { text } = report(new TypeError("x is undefined"), true);
    expect(text).toContain("errors.test.ts");
  });

  it("leaves commander's own output alone and maps its errors to 2, its help to 0", () => {
    expect(report(new CommanderError(1, "commander.unknownOption", "unknown option"))).toEqual({
      exitCode: 2,
      text: "",
    });
    expect(report(new CommanderError(0, "commander.helpDisplayed", "help"))).toEqual({ exitCode: 0, text: "" });
  });

  it("ends quietly with a code that the command has chosen", () => {
    expect(report(new CommandExit(1))).toEqual({ exitCode: 1, text: "" });
  });
});
