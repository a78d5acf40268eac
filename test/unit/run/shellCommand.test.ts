import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { maskdmCommand, shellArgument } from "../../../src/node/shellCommand.ts";

const ODD = [
  "my file.yaml",
  "it's",
  "a&b|c;d",
  "$HOME",
  "`id`",
  "~",
  "~/a",
  "*.yaml",
  "a\\b\\",
  'say "hi"',
  "",
  "=ls",
  "#1",
  "(1)",
  "ünï cödé",
  "{a,b}",
  "!!",
  "[x]?",
];
const CONTROLS = ["two\nlines", "\u001b[31mred", "it's\ttabbed\\7", "\u0085next line", "bell\u00077"];

function read(shell: string, text: string): string {
  return spawnSync(shell, ["-c", `printf %s ${shellArgument(text, "linux")}`], { encoding: "utf8" }).stdout;
}

describe("an argument for a POSIX shell", () => {
  test.skipIf(process.platform === "win32").each(ODD)("%s is read back by sh as it was", (text) => {
    expect(read("sh", text)).toBe(text);
  });

  const bash = spawnSync("bash", ["-c", "true"]).status === 0;
  test.skipIf(!bash).each(CONTROLS)("%j is read back by bash as it was, and printed harmlessly", (text) => {
    expect(read("bash", text)).toBe(text);
    expect(shellArgument(text, "linux")).not.toMatch(/\p{Cc}/u);
  });

  test("stays as it is where nothing in it has a meaning", () => {
    for (const text of ["runs/2026-01-31-faces-01", "größe/a_b.yaml", "mask.rate=0.5", "--from"])
      expect(shellArgument(text, "darwin")).toBe(text);
  });
});

describe("an argument for PowerShell and cmd.exe", () => {
  test.each([
    ["C:\\runs\\a-1", "C:\\runs\\a-1"],
    ["C:\\My Runs\\", '"C:\\My Runs\\\\"'],
    ["a,b", '"a,b"'],
    ["~", '"~"'],
    ["@a", '"@a"'],
    ["a&b", '"a&b"'],
    ["", '""'],
    ["a $b", "'a $b'"],
    ["it’s $b", "'it’’s $b'"],
  ])("%s becomes %s", (text, quoted) => expect(shellArgument(text, "win32")).toBe(quoted));
});

test("a command is one line of its arguments", () => {
  expect(maskdmCommand("finetune", "faces.maskdm.yaml", "--from", "runs/a")).toBe(
    "maskdm finetune faces.maskdm.yaml --from runs/a",
  );
  if (process.platform !== "win32") expect(maskdmCommand("resume", "my runs/a")).toBe("maskdm resume 'my runs/a'");
});
