/** Tasks of type maskdm: a stage of an experiment in a terminal, for those who want to see what it prints. */
import { basename, dirname, resolve } from "node:path";
import * as vscode from "vscode";
import * as z from "zod";
import type { TrainerLauncher } from "../services.ts";
import { runsFolderFor } from "./runFolders.ts";
import { TASK_TYPE } from "./taskType.ts";
import type { WorkspaceRuns } from "./workspaceRuns.ts";

/** As contributed in package.json. */
const definitionSchema = z.object({
  type: z.literal(TASK_TYPE),
  command: z.enum(["pretrain", "finetune"]),
  file: z.string().min(1),
  args: z.array(z.string()).optional(),
});
type TrainTask = z.output<typeof definitionSchema>;

export class TrainTasks implements vscode.TaskProvider {
  constructor(
    private readonly runs: WorkspaceRuns,
    private readonly trainer: TrainerLauncher,
  ) {}

  async provideTasks(): Promise<vscode.Task[]> {
    await this.runs.ready;
    return this.runs.experiments.flatMap((file) => {
      const folder = vscode.workspace.getWorkspaceFolder(file);
      const path = vscode.workspace.asRelativePath(file, false);
      return (["pretrain", "finetune"] as const).map((command) =>
        this.task({ type: TASK_TYPE, command, file: path }, folder),
      );
    });
  }

  resolveTask(task: vscode.Task): vscode.Task | undefined {
    const definition = definitionSchema.safeParse(task.definition);
    if (!definition.success) return undefined;
    const folder = typeof task.scope === "object" ? task.scope : vscode.workspace.workspaceFolders?.[0];
    // The editor wants the very definition that it asked with.
    return this.task(definition.data, folder, task.definition);
  }

  private task(
    { command, file, args = [] }: TrainTask,
    folder: vscode.WorkspaceFolder | undefined,
    definition: vscode.TaskDefinition = { type: TASK_TYPE, command, file },
  ): vscode.Task {
    const path = resolve(folder?.uri.fsPath ?? ".", file);
    const { program } = this.trainer;
    const runsDir = runsFolderFor(vscode.Uri.file(path));
    const words = [...program.args, command, path, "--runs-dir", runsDir, ...args];
    const execution = new vscode.ProcessExecution(program.command, words, {
      cwd: dirname(path),
      env: { ...program.env },
    });
    const name = `${command} ${basename(file)}`;
    const task = new vscode.Task(definition, folder ?? vscode.TaskScope.Workspace, name, "MaskDM", execution);
    task.detail = "in this terminal; the run shows in the run explorer";
    return task;
  }
}
