/** Sizes for a first experiment, from what the images and the machine allow. */
import type { ImageSurvey } from "../images/survey.ts";

export interface SuggestedSizes {
  readonly imageSize: number;
  readonly channels: 1 | 3;
  readonly patchSize: number;
  readonly embedDim: number;
  readonly depth: number;
  readonly numHeads: number;
  /** learning rate, as it is written; that of the authors for their width, more for narrower networks */
  readonly lr: string;
  /** side of a hidden block, in tokens; divides the grid, and the rate below comes out exactly */
  readonly blockSize: number;
  readonly maskRate: number;
  readonly pretrainSteps: number;
  readonly pretrainBatch: number;
  readonly finetuneSteps: number;
  readonly finetuneBatch: number;
}

interface MachineSize {
  readonly cores: number;
  readonly memoryBytes: number;
}

const GIB = 2 ** 30;

/** 7/8 hides a whole number of blocks on each of the grids below: 14 of 16, or 56 of 64. */
const MASK_RATE = 0.875;

/** Image side -> patch side: grids of 8, 8, 16, 16 and 32 tokens. */
const PATCHES: readonly (readonly [imageSize: number, patchSize: number])[] = [
  [16, 2],
  [32, 4],
  [64, 4],
  [128, 8],
  [256, 8],
];

/** An image may be enlarged by this much to reach a size; 28 pixels become 32. */
const ENLARGEMENT = 1.15;

/** @param survey null where no image is there yet */
export function suggestSizes(survey: ImageSurvey | null, machine: MachineSize): SuggestedSizes {
  const level = machineLevel(machine);
  const room = (survey?.medianShortSide ?? 64) * ENLARGEMENT;
  const largest = [64, 128, 256][level]!;
  const fitting = PATCHES.filter(([size]) => size <= room && size <= largest);
  const [imageSize, patchSize] = fitting[fitting.length - 1] ?? PATCHES[0]!;
  const grid = imageSize / patchSize;
  const model = [
    { embedDim: 192, depth: 5, numHeads: 4, lr: "1e-3" },
    { embedDim: 384, depth: 9, numHeads: 6, lr: "5e-4" },
    { embedDim: 512, depth: 13, numHeads: 8, lr: "2e-4" },
  ][level]!;
  const steps = [20_000, 50_000, 200_000][level]!;
  const batch = Math.min([128, 128, 256][level]!, powerOfTwoWithin(survey?.count ?? 1024));
  return {
    imageSize,
    patchSize,
    ...model,
    channels: survey?.grey === true ? 1 : 3,
    blockSize: grid >= 16 ? 4 : 2,
    maskRate: MASK_RATE,
    pretrainSteps: steps,
    pretrainBatch: batch,
    finetuneSteps: steps / 2,
    finetuneBatch: Math.max(4, batch / 2),
  };
}

/** 0 a laptop, 1 a workstation, 2 a server. */
function machineLevel({ cores, memoryBytes }: MachineSize): 0 | 1 | 2 {
  if (cores >= 16 && memoryBytes >= 30 * GIB) return 2;
  return cores >= 8 && memoryBytes >= 14 * GIB ? 1 : 0;
}

function powerOfTwoWithin(count: number): number {
  return Math.max(8, 2 ** Math.floor(Math.log2(count)));
}
