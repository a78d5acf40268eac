/** `maskdm doctor --install-torch`. */
import { createInterface } from "node:readline/promises";
import { UserError } from "../../core/errors.ts";
import { torchFolder } from "../../node/torch/torchFolder.ts";
import { stopOnSignals } from "../stopOnSignals.ts";
import { installTorch } from "./install.ts";

/**
 * Installs PyTorch where this program looks for it, once what is to be fetched was said and the user has agreed.
 * @param agreed the user has said so beforehand
 * @returns false where the user does not want it
 * @throws UserError where it cannot be done, or nobody can be asked
 */
export async function installForUser(agreed: boolean, say: (line: string) => void): Promise<boolean> {
  const stop = stopOnSignals();
  const confirm = async (): Promise<boolean> => agreed || askInTerminal(stop.signal);
  try {
    return await installTorch({ folder: torchFolder(), say, confirm, signal: stop.signal });
  } finally {
    stop.release();
  }
}

async function askInTerminal(signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new UserError("Nothing was fetched, as nobody can be asked here. Agree to it with --yes.");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    // Ctrl+C and Ctrl+D close it, which answers nothing.
    const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
    terminal.once("SIGINT", () => terminal.close());
    const answer = await Promise.race([terminal.question("Go on? [y/N] ", { signal }), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
