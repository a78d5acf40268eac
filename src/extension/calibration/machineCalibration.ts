/** How fast this machine trains: measured once on the user's file, kept, and converted to other configurations. */
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import * as vscode from "vscode";
import type { SpeedMeasurement } from "../../core/cost/speed.ts";
import { UserError } from "../../core/errors.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import type { Stage } from "../../core/random/streams.ts";
import { thisMachine, usableMemory } from "../../node/machine.ts";
import type { Calibration, StepEstimate, TrainerLauncher } from "../services.ts";
import { failureText } from "../trainer/shortCommand.ts";

const KEPT_AS = "maskdm.speedMeasurements";
/** Settings of backend and threads whose measurements are kept. */
const MAX_KEPT = 20;

type Modules = Awaited<ReturnType<typeof loadModules>>;

export class MachineCalibration implements Calibration, vscode.Disposable {
  readonly machine: string;
  private readonly changes = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changes.event;
  private kept: readonly SpeedMeasurement[] = [];
  private modules: Modules | null = null;
  private loading: Promise<void> | null = null;

  constructor(
    private readonly memory: vscode.Memento,
    private readonly trainer: Pick<TrainerLauncher, "command">,
  ) {
    const { cpu, cores } = thisMachine();
    this.machine = `${hostname()}, ${cpu}, ${cores} cores`;
  }

  get ready(): Promise<void> {
    this.loading ??= this.load();
    return this.loading;
  }

  get measurements(): readonly SpeedMeasurement[] {
    return this.kept;
  }

  estimate(experiment: Experiment, stage: Stage): StepEstimate | null {
    if (this.modules === null) {
      // Loaded with the first question; whoever asked is told when there is an answer.
      void this.ready;
      return null;
    }
    const { speedKey, estimateSpeed } = this.modules;
    const key = speedKey(this.machine, experiment);
    const measurement = this.kept.find((other) => other.key === key);
    return measurement === undefined ? null : estimateSpeed(measurement, experiment, stage, usableMemory());
  }

  async measure(file: vscode.Uri, token?: vscode.CancellationToken): Promise<void> {
    await this.ready;
    const { speedKey, parseExperiment, formatDiagnostic, benchRequests, benchArguments, readBenchOutput } =
      this.modules!;
    const parsed = parseExperiment(await readFile(file.fsPath, "utf8"));
    if (!parsed.ok) {
      const first = parsed.diagnostics[0];
      throw new UserError(first === undefined ? "" : formatDiagnostic(vscode.workspace.asRelativePath(file), first));
    }
    const { experiment } = parsed;
    const measured: ReturnType<typeof readBenchOutput>[] = [];
    for (const request of benchRequests(experiment)) {
      const options = { cwd: dirname(file.fsPath), ...(token === undefined ? {} : { token }) };
      const { code, stdout, stderr } = await this.trainer.command(benchArguments(file.fsPath, request), options);
      if (token?.isCancellationRequested) throw new vscode.CancellationError();
      if (code !== 0) throw new UserError(failureText({ stderr }, ""), "failure");
      measured.push(readBenchOutput(stdout, experiment));
    }
    const measurement: SpeedMeasurement = {
      key: speedKey(this.machine, experiment),
      measuredAt: new Date().toISOString(),
      backend: measured[0]!.backend,
      points: measured.map(({ point }) => point),
    };
    this.kept = [measurement, ...this.kept.filter(({ key }) => key !== measurement.key)].slice(0, MAX_KEPT);
    await this.memory.update(KEPT_AS, this.kept);
    this.changes.fire();
  }

  dispose(): void {
    this.changes.dispose();
  }

  private async load(): Promise<void> {
    this.modules = await loadModules();
    const { speedMeasurementSchema } = this.modules;
    const kept = this.memory.get<unknown>(KEPT_AS);
    this.kept = (Array.isArray(kept) ? kept : []).flatMap((value: unknown) => {
      const parsed = speedMeasurementSchema.safeParse(value);
      return parsed.success ? [parsed.data] : [];
    });
    if (this.kept.length > 0) this.changes.fire();
  }
}

async function loadModules() {
  const [speed, parse, diagnostic, bench] = await Promise.all([
    import("../../core/cost/speed.ts"),
    import("../../core/experiment/parse.ts"),
    import("../../core/experiment/diagnostic.ts"),
    import("./benchOutput.ts"),
  ]);
  return { ...speed, ...parse, ...diagnostic, ...bench };
}
