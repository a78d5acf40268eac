import { foldSeeds } from "../../src/core/study/charts/seedCurves.ts";
import type { StudyReport } from "../../src/core/study/report/studyReport.ts";
import { EXAMPLE_BASE, mixedStudy } from "./exampleStudy.ts";

const PIXEL =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** Of the mixed example, with one chart of curves and one row of pictures. */
export function exampleReport(change: Partial<StudyReport> = {}): StudyReport {
  const { plan, table } = mixedStudy();
  const xs = Float64Array.of(0, 50, 100);
  const curve = foldSeeds(
    1,
    [0, 0.1].map((by) => ({ xs, ys: Float32Array.of(1 + by, 0.6 + by, 0.5) })),
  )!;
  return {
    ...{ name: "rates", madeAt: "2026-01-31T10:00:00.000Z", madeBy: "0.1.0" },
    ...{
      studyFile: "rates.maskstudy.yaml",
      studyText: "base: a.maskdm.yaml\n",
      baseFile: "a.maskdm.yaml",
      baseText: EXAMPLE_BASE,
    },
    ...{ study: plan.study, table, evaluation: null },
    curves: [{ measure: "heldOutLoss", axis: "step", curves: [curve] }],
    samples: [{ row: 1, seed: 0, count: 1, width: 72, height: 72, picture: PIXEL }],
    runs: [
      {
        id: "a-pretrain-1",
        stage: "pretrain",
        steps: 100,
        seconds: 10,
        flops: 2e12,
        command: "maskdm pretrain a.maskdm.yaml",
      },
    ],
    ...{ machines: ["a processor, 2 cores"], software: ["maskdm 0.1.0"] },
    commands: ["maskdm study run rates.maskstudy.yaml"],
    ...change,
  };
}
