/** What a run says, as events of TensorBoard; read anew as often as it is asked for. */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { RunRecord } from "../../core/run/record.ts";
import { MEASURES } from "../../core/series/columns.ts";
import { imageEvent, scalarsEvent, textEvent } from "../../core/tensorboard/events.ts";
import { evaluationWithTags, METRICS_SERIES, measuresWithTags, samplesTag } from "../../core/tensorboard/tags.ts";
import { evaluationsOf } from "../../node/run/evaluations.ts";
import { readExperimentText } from "../../node/run/runFiles.ts";
import { listSamples, samplesFolder } from "../../node/run/sampleFiles.ts";
import { type Point, pointOf, type Series } from "./eventLog.ts";
import { MetricsReader } from "./metricsReader.ts";

/** Signature and header of a PNG file. */
const PNG_HEAD_BYTES = 33;
const TEXT_TAG = "experiment/file";

export class RunPoints {
  private readonly metrics: MetricsReader;
  private steps: Point[] = [];
  /** pictures by name and version: a file is read once */
  private pictures = new Map<string, Point>();
  private readonly experiment: Point;

  constructor(
    private readonly runDir: string,
    record: RunRecord,
  ) {
    this.metrics = new MetricsReader(runDir, record);
    const place = { wallTime: Date.parse(record.createdAt) / 1000, step: 0 };
    const text = readExperimentText(runDir);
    this.experiment = pointOf(0, () => textEvent(place, TEXT_TAG, `\`\`\`yaml\n${text.trimEnd()}\n\`\`\``));
  }

  async look(): Promise<Series> {
    this.lookAtSteps();
    return new Map([
      [TEXT_TAG, [this.experiment]],
      [METRICS_SERIES, this.steps],
      ...this.evaluations(),
      ...(await this.samples()),
    ]);
  }

  private lookAtSteps(): void {
    const { columns } = this.metrics;
    const first = this.metrics.look();
    this.steps.length = Math.min(this.steps.length, first);
    const measures = new Map(MEASURES.map((name) => [name, columns.measure(name)]));
    const [steps, times] = [columns.axis("step"), columns.axis("time")];
    for (let row = this.steps.length; row < columns.length; row++) {
      const place = { wallTime: times[row]! / 1000, step: steps[row]! };
      const values = measuresWithTags((name) => measures.get(name)![row]!);
      this.steps.push(pointOf(place.step, () => scalarsEvent(place, values)));
    }
  }

  /** Of several of the same conditions at a step the last one counts. */
  private evaluations(): [string, Point[]][] {
    const series = new Map<string, Map<number, Point>>();
    for (const evaluation of evaluationsOf(this.runDir)) {
      const place = { wallTime: Date.parse(evaluation.time) / 1000, step: evaluation.step };
      const values = evaluationWithTags(evaluation);
      const [name] = values[0]!;
      const known = series.get(name) ?? new Map<number, Point>();
      series.set(
        name,
        known.set(
          place.step,
          pointOf(place.step, () => scalarsEvent(place, values)),
        ),
      );
    }
    return [...series].map(([name, points]) => [name, inOrder(points.values())]);
  }

  private async samples(): Promise<Series> {
    const series = new Map<string, Point[]>();
    const seen = new Map<string, Point>();
    for (const { name, step, variant, page, version, trajectory } of await listSamples(this.runDir)) {
      if (step === null) continue;
      const files = [
        [samplesTag(variant, page), name, version],
        ...(trajectory === null ? [] : [[`${samplesTag(variant, null)}/trajectory`, trajectory, version]]),
      ] as const;
      for (const [tag, file, changes] of files) {
        const key = `${file} ${changes}`;
        const point = this.pictures.get(key) ?? this.picture(tag, file, step);
        if (point === null) continue;
        seen.set(key, point);
        series.set(tag, [...(series.get(tag) ?? []), point]);
      }
    }
    this.pictures = seen;
    return new Map([...series].map(([tag, points]) => [tag, inOrder(points)]));
  }

  /** null: it was removed meanwhile, or is no picture. */
  private picture(tag: string, name: string, step: number): Point | null {
    const file = join(samplesFolder(this.runDir), name);
    const found = statSync(file, { throwIfNoEntry: false });
    if (found === undefined || found.size < PNG_HEAD_BYTES) return null;
    const place = { wallTime: Math.trunc(found.mtimeMs) / 1000, step };
    return pointOf(step, () => imageEvent(place, tag, readFileSync(file)));
  }
}

const inOrder = (points: Iterable<Point>): Point[] => [...points].sort((a, b) => a.step - b.step);
