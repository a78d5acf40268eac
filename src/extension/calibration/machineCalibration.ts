/** How fast this machine trains, as the trainer has measured and kept it, and what experiments take for that. */
import { dirname } from "node:path";
import * as vscode from "vscode";
import type { Forecast, ForecastRun } from "../../core/cost/forecast.ts";
import type { SpeedMeasurement } from "../../core/cost/speed.ts";
import { UserError } from "../../core/errors.ts";
import { usableMemory } from "../../node/machine.ts";
import { failureText } from "../../node/shortCommand.ts";
import type { Calibration, TrainerLauncher } from "../services.ts";
import { trainerSurroundings } from "../trainer/trainerEnvironment.ts";

type Modules = Awaited<ReturnType<typeof loadModules>>;

export class MachineCalibration implements Calibration, vscode.Disposable {
  private readonly changes = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changes.event;
  private kept: readonly SpeedMeasurement[] = [];
  private modules: Modules | null = null;
  private loading: Promise<void> | null = null;
  private watcher: vscode.Disposable | null = null;

  constructor(private readonly trainer: Pick<TrainerLauncher, "command">) {}

  get ready(): Promise<void> {
    this.loading ??= this.load();
    return this.loading;
  }

  get machine(): string {
    return this.modules?.machineName() ?? "";
  }

  get measurements(): readonly SpeedMeasurement[] {
    return this.kept;
  }

  get autoTakesTorch(): boolean {
    return this.modules?.autoTakesTorch(trainerSurroundings()) ?? false;
  }

  forecast(run: ForecastRun): Forecast | null {
    if (this.modules === null) {
      // Loaded with the first question; whoever asked is told when there is an answer.
      void this.ready;
      return null;
    }
    const { machine, measurements, autoTakesTorch } = this;
    return this.modules.forecast(run, { machine, measurements, autoTakesTorch, machineBytes: usableMemory() });
  }

  async measure(file: vscode.Uri, token?: vscode.CancellationToken): Promise<void> {
    await this.ready;
    const options = { cwd: dirname(file.fsPath), ...(token === undefined ? {} : { token }) };
    const { code, stderr } = await this.trainer.command(["forecast", file.fsPath, "--measure", "--json"], options);
    if (token?.isCancellationRequested) throw new vscode.CancellationError();
    if (code !== 0) throw new UserError(failureText({ stderr }, ""), "failure");
    this.read();
  }

  dispose(): void {
    this.watcher?.dispose();
    this.changes.dispose();
  }

  private async load(): Promise<void> {
    this.modules = await loadModules();
    const file = vscode.Uri.file(this.modules.speedFile());
    const pattern = new vscode.RelativePattern(vscode.Uri.joinPath(file, ".."), "*.json");
    const watcher = vscode.workspace.createFileSystemWatcher(pattern);
    // Measured by a command in a terminal, or by another window.
    this.watcher = vscode.Disposable.from(
      watcher,
      watcher.onDidCreate(() => this.read()),
      watcher.onDidChange(() => this.read()),
    );
    this.read();
  }

  private read(): void {
    const found = this.modules?.readMeasurements() ?? [];
    if (JSON.stringify(found) === JSON.stringify(this.kept)) return;
    this.kept = found;
    this.changes.fire();
  }
}

async function loadModules() {
  const [forecast, speedFile, keptTorch] = await Promise.all([
    import("../../core/cost/forecast.ts"),
    import("../../node/speedFile.ts"),
    import("../../node/torch/keptTorch.ts"),
  ]);
  return { ...forecast, ...speedFile, autoTakesTorch: keptTorch.autoTakesTorch };
}
