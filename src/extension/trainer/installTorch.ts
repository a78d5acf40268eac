/** Installing PyTorch: a command of the trainer's in a terminal, where it says what it fetches and asks. */
import * as vscode from "vscode";
import type { TrainerLauncher } from "../services.ts";
import { requireTrust } from "./restrictedMode.ts";
import { INSTALL_TORCH } from "./torchRemedy.ts";

/** @returns what runs in the terminal */
export async function installTorch({ program }: Pick<TrainerLauncher, "program">): Promise<vscode.TaskExecution> {
  requireTrust();
  const words = [...program.args, "doctor", "--install-torch"];
  const execution = new vscode.ProcessExecution(program.command, words, { env: { ...program.env } });
  const { title } = INSTALL_TORCH;
  const task = new vscode.Task({ type: "process" }, vscode.TaskScope.Workspace, title, "MaskDM", execution);
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, focus: true };
  return vscode.tasks.executeTask(task);
}
