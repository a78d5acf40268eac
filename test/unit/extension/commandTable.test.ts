/** That a wrong command, or one with wrong arguments, does not compile: `npm run check:types` runs this test. */
import { expect, it, vi } from "vitest";
import type { Commands, executeCommand, Handler } from "../../../src/extension/commands/commandTable.ts";
import type { RunEntry } from "../../../src/extension/services.ts";

it("commands are named and executed by one table", () => {
  const execute: typeof executeCommand = vi.fn();
  const entry = { dir: "/runs/a" } as RunEntry;
  void execute("maskdm.stop", entry.dir);
  // @ts-expect-error: no command of this name
  void execute("maskdm.halt", entry.dir);
  // @ts-expect-error: it takes the run's folder; with anything else the user would be asked which run is meant
  void execute("maskdm.stop", entry);
  expect(execute).toHaveBeenCalledTimes(3);

  const nothing: Handler = async () => null;
  // @ts-expect-error: the others are missing
  const few: Commands = { "maskdm.doctor": nothing };
  // @ts-expect-error: no command of this name
  const part: Partial<Commands> = { "maskdm.doctors": nothing };
  expect(Object.keys({ ...few, ...part })).toEqual(["maskdm.doctor", "maskdm.doctors"]);
});
