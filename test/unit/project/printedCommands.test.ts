import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

/** A command of this program with something put into it that is not known to be quoted. */
const UNQUOTED =
  /\bmaskdm (?:bench|doctor|evaluate|finetune|import|lint|new|preview|pretrain|queue|resume|runs|sample|stop) [^`]*?\$\{/;

it("every command that is printed with names of files or runs is quoted for the shell", () => {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const found = files.flatMap((file) =>
    readFileSync(join("src", file), "utf8")
      .split("\n")
      .filter((line) => UNQUOTED.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  // A new experiment's own comments, whose file name is quoted before.
  expect(
    found.filter((line) => !/newTemplate.*\$\{file\}/.test(line)),
    "use maskdmCommand",
  ).toEqual([]);
});
