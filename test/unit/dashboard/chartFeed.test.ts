import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import type { ChartView, LinesEvent } from "../../../src/core/protocol/dashboard.ts";
import type { StepMetrics } from "../../../src/core/run/metrics.ts";
import type { ChartId } from "../../../src/core/series/charts.ts";
import { RunColumns } from "../../../src/core/series/columns.ts";
import { Line } from "../../../src/core/series/line.ts";
import { ChartFeed } from "../../../src/extension/dashboard/chartFeed.ts";
import { madeUpStep } from "../../support/runFolders.ts";
import { cpuClock, slowness } from "../../support/slowness.ts";

const view = (change: Partial<ChartView> = {}): ChartView => ({
  charts: ["loss", "lr"],
  x: "step",
  logX: false,
  range: null,
  pixels: 300,
  tau: 50,
  raw: true,
  hidden: [],
  ...change,
});

const filled = (lines: number, seed = 0): RunColumns => {
  const columns = new RunColumns(0);
  columns.add(Array.from({ length: lines }, (_, i) => madeUpStep(seed, 10 * (i + 1))));
  return columns;
};

/** What a page makes of the messages. */
class Page {
  readonly lines = new Map<string, Line>();
  points = 0;
  messages = 0;

  readonly take = ({ xs, ys, parts }: LinesEvent): void => {
    this.messages++;
    let at = 0;
    for (const { chart, slot, kind, from, count } of parts) {
      const name = [chart, slot, kind].join(" ");
      const line = this.lines.get(name) ?? new Line();
      this.lines.set(name, line);
      line.replaceFrom(from ?? Number.NEGATIVE_INFINITY, xs.subarray(at, at + count), ys.subarray(at, at + count));
      at += count;
      this.points += count;
    }
  };

  /** The last x of a line. */
  last(name: string): number | undefined {
    const line = this.lines.get(name);
    return line?.xs[line.length - 1];
  }

  content(): Record<string, number[][]> {
    const entries = [...this.lines].map(([name, { xs, ys, length }]): [string, number[][]] => [
      name,
      [[...xs.subarray(0, length)], [...ys.subarray(0, length)].map((y) => Number(y.toPrecision(3)))],
    ]);
    return Object.fromEntries(entries.sort());
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

const feeds: ChartFeed[] = [];
afterEach(() => {
  for (const feed of feeds.splice(0)) feed.dispose();
});

function opened(page: Page): ChartFeed {
  const feed = new ChartFeed(page.take);
  feeds.push(feed);
  return feed;
}

describe("ChartFeed", () => {
  it("sends what the view needs, and then only what changes: the page ends with the same as if it had asked anew", async () => {
    const page = new Page();
    const feed = opened(page);
    const columns = filled(3000);
    feed.add("a", 0, columns);
    await feed.setView(view());
    expect(Object.keys(page.content())).toEqual(["loss 0 raw", "loss 0 smooth", "lr 0 raw"]);
    const whole = page.points;
    for (let i = 0; i < 5; i++) {
      feed.changed("a", columns.add([madeUpStep(0, 30_000 + 10 * (i + 1))]));
      // Some come together, others on their own.
      if (i === 2) await until(() => page.last("loss 0 raw") === 30_030);
    }
    await until(() => page.last("loss 0 raw") === 30_050 && page.last("lr 0 raw") === 30_050);
    expect(page.points - whole).toBeLessThan(whole / 4);
    const anew = new Page();
    const other = opened(anew);
    other.add("a", 0, columns);
    await other.setView(view());
    expect(page.content()).toEqual(anew.content());
  });

  it("sends the edges of a band with what has an error, live, and of a step the last line", async () => {
    const page = new Page();
    const feed = opened(page);
    const columns = new RunColumns(0);
    const line = (step: number, measures: Partial<StepMetrics> = {}) => ({ ...madeUpStep(0, step), ...measures });
    columns.add([line(10), line(20, { heldOutLoss: 0.5, heldOutError: 0.1 }), line(30)]);
    feed.add("a", 0, columns);
    await feed.setView(view({ charts: ["heldOutLoss", "kid"] }));
    const points = (kind: string) => page.content()[`heldOutLoss 0 ${kind}`];
    expect([points("raw"), points("low"), points("high")]).toEqual([
      [[20], [0.5]],
      [[20], [0.304]],
      [[20], [0.696]],
    ]);
    feed.changed("a", columns.add([line(40, { heldOutLoss: 0.4, heldOutError: null })]));
    feed.changed("a", columns.add([line(40, { heldOutLoss: 0.4, heldOutError: null, kid: 1, kidError: 0.1 })]));
    await until(() => page.last("kid 0 high") === 40);
    expect(points("raw")).toEqual([
      [20, 40],
      [0.5, 0.4],
    ]);
    expect(points("high")).toEqual([[20], [0.696]]);
    const many = new Page();
    const other = opened(many);
    other.add("a", 0, columns);
    await other.setView(view({ charts: ["kid"], raw: false }));
    expect(Object.keys(many.content())).toEqual(["kid 0 raw"]);
  });

  it("corrects what it has sent where steps go back, and sends no more than what lies above them", async () => {
    const page = new Page();
    const feed = opened(page);
    const columns = filled(3000);
    feed.add("a", 0, columns);
    await feed.setView(view({ x: "seconds" }));
    const whole = page.points;
    const messages = page.messages;
    const late = [29_000, 29_005, 29_010, 29_500].map((step) => ({ ...madeUpStep(0, step), loss: 0.05, seconds: 1 }));
    feed.changed("a", columns.add([madeUpStep(0, 30_010), ...late]));
    await until(() => page.messages > messages + 1);
    expect(page.points - whole).toBeLessThan(whole / 4);
    const anew = new Page();
    const other = opened(anew);
    other.add("a", 0, columns);
    await other.setView(view({ x: "seconds" }));
    expect(page.content()).toEqual(anew.content());
    for (const { xs, length } of page.lines.values()) {
      expect(xs.subarray(0, length).every((x, i) => i === 0 || x >= xs[i - 1]!)).toBe(true);
    }
  });

  it("gathers points that come quickly", async () => {
    const page = new Page();
    const feed = opened(page);
    const columns = filled(100);
    feed.add("a", 0, columns);
    await feed.setView(view({ charts: ["loss"] }));
    const before = page.messages;
    const began = performance.now();
    for (let i = 0; i < 40; i++) {
      feed.changed("a", columns.add([madeUpStep(0, 1000 + 10 * (i + 1))]));
      await sleep(5);
    }
    await until(() => page.last("loss 0 raw") === 1400);
    // However slow the machine is, no two of them within the time in which they are gathered, of 80 ms.
    expect(page.messages - before).toBeLessThanOrEqual(2 + (performance.now() - began) / 80);
  });

  it("shows a part more finely, drops what a resume voids, and sends nothing for hidden runs", async () => {
    const page = new Page();
    const feed = opened(page);
    const columns = filled(20_000);
    feed.add("a", 0, columns);
    feed.add("b", 1, filled(50, 1));
    await feed.setView(view({ range: [50_000, 52_000], hidden: ["b"] }));
    const raw = page.lines.get("loss 0 raw")!;
    const inView = [...raw.xs.subarray(0, raw.length)].filter((x) => x >= 50_000 && x < 52_000);
    expect(inView.length).toBeGreaterThan(150);
    expect(page.lines.has("loss 1 raw")).toBe(false);
    feed.changed("a", columns.add([{ type: "resume", step: 51_000 }]));
    await until(() => page.last("loss 0 raw") === 51_000);
    await feed.setView(view());
    expect(page.lines.has("loss 1 smooth")).toBe(true);
  });

  it("sends all again to a page that is new", async () => {
    const page = new Page();
    const feed = opened(page);
    feed.add("a", 0, filled(100));
    await feed.setView(view());
    await feed.setView(view());
    const { points } = page;
    feed.pause();
    await feed.setView(view());
    expect(page.points).toBe(2 * points);
  });

  it("prepares 50 runs of 100,000 points without holding up other work, at two points a bucket", async () => {
    const page = new Page();
    const feed = opened(page);
    const columns = filled(100_000);
    for (let slot = 0; slot < 50; slot++) feed.add(`run ${slot}`, slot, columns);
    const charts: ChartId[] = ["loss", "loss0", "loss1", "loss2"];
    let longest = 0;
    // Time of this process: what else the machine does is no delay of ours.
    const clock = (): number => process.cpuUsage().user / 1000;
    let last = clock();
    const watch = setInterval(() => {
      const now = clock();
      longest = Math.max(longest, now - last);
      last = now;
    }, 1);
    await feed.setView(view({ charts, pixels: 900, raw: false }));
    for (const range of [
      [1e5, 9e5],
      [4e5, 5e5],
    ] as const) {
      await feed.setView(view({ charts, pixels: 900, raw: false, range: [...range] }));
    }
    clearInterval(watch);
    expect(longest).toBeLessThan(100 * slowness(cpuClock));
    for (const line of page.lines.values()) expect(line.length).toBeLessThan(2 * 400 + 4 * 64 + 8);
    expect(page.lines.size).toBe(200);
  });
});
