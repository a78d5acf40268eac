/** Registers all commands of the extension, with one way to say what went wrong. */
import * as vscode from "vscode";
import { showError } from "../trainer/restrictedMode.ts";
import type { Commands, Handler } from "./commandTable.ts";

export function registerCommands(commands: Commands, log: vscode.LogOutputChannel): vscode.Disposable {
  const registered = Object.entries(commands).map(([id, handler]: [string, Handler]) =>
    vscode.commands.registerCommand(id, (...args: unknown[]) => guarded(() => handler(...args), log)),
  );
  return vscode.Disposable.from(...registered);
}

/** Shows the error that something met instead of its result. */
export async function guarded<T>(work: () => Promise<T>, log: vscode.LogOutputChannel): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    // Not waited for: a command has ended when its error is shown, not when the message is closed.
    void showError(error, log);
    return undefined;
  }
}
