/**
 * What is studied, in the order in which it is computed. A study is the file studies/NAME.maskstudy.yaml; of its axes the first says what is
 * compared, its first point is the baseline, and the others repeat the comparison, as at several budgets.
 */
import type { StudyChange } from "../../src/core/study/changeStudy.ts";

export interface EvidenceStudy {
  /** of its file, without the ending */
  readonly name: string;
  readonly title: string;
  /** a paragraph for readers */
  readonly asks: string;
  /** short names of the compared points, in their order, where the keys that they set are too many to name a row; the page lists those keys once */
  readonly names?: readonly string[];
  /** what `--full` makes of it */
  readonly full: readonly StudyChange[];
}

export interface EvidenceDocument {
  /** of its file in docs/evidence, without the ending */
  readonly name: string;
  readonly title: string;
  readonly about: string;
  /** whether its page says what hiding tokens saves */
  readonly tellsSavings: boolean;
  readonly studies: readonly EvidenceStudy[];
}

const FULL_SEEDS: StudyChange = { path: ["seeds"], value: 5 };
const seconds = (value: number): StudyChange => ({ path: ["budget", "seconds"], value });

/** Ways of pretraining for --full: every strategy with every rate that it can give on any of the grids, from scratch before. */
const SCRATCH = { "budget.pretrain": 0 };
const ALL_WAYS = [
  SCRATCH,
  ...[8, 4].map((batch) => ({ ...SCRATCH, "finetune.batch_size": batch })),
  { "mask.rate": 0 },
  ...["patch", "block", "stratified", "crop"].flatMap((strategy) =>
    [0.25, 0.5, 0.75, 0.875]
      // Cells of 2 x 2 show one token at least.
      .filter((rate) => strategy !== "stratified" || rate <= 0.75)
      .map((rate) => ({ "mask.strategy": strategy, "mask.rate": rate })),
  ),
];
const ways = (value: unknown): StudyChange => ({ path: ["axes", "way"], value });

const MASKING: EvidenceDocument = {
  name: "masking",
  title: "Does masking pay?",
  about:
    "Two stages, pretraining on masked images and finetuning on whole ones, against training on whole images from scratch. Pretraining counts: every cell of a table has spent the same seconds, or where that is said the same images. The measure is the held-out loss: of whole images that nobody was trained on, by averaged weights, the same task for all. It needs no drawing, and three seeds tell small differences; KID, of drawn images, is there for a few.",
  tellsSavings: true,
  studies: [
    {
      name: "masking-rates",
      title: "Strategy and rate, at equal seconds",
      asks: "Emoji of 32 px in patches of 4, 64 tokens. Half of the seconds goes into pretraining; from scratch all of them go into whole images. Masked steps are cheap, so that there are more of them; as many updates come from scratch with smaller batches, and two stages without a mask tell what a first stage does by itself.",
      full: [FULL_SEEDS, seconds(600), ways(ALL_WAYS)],
    },
    {
      name: "masking-budgets",
      title: "Several budgets",
      asks: "The same network and images; where the lines cross, if they do, is where another way begins to be the better one.",
      full: [FULL_SEEDS, { path: ["axes", "budget.seconds"], value: [60, 150, 300, 600, 1800] }, ways(ALL_WAYS)],
    },
    {
      name: "masking-modes",
      title: "Hidden tokens routed or fused, and a mask that opens",
      asks: "`drop` leaves hidden tokens out, `route` (TREAD) and `fuse` (SPRINT) let them past the middle. The staged mask hides 0.9, then 0.5, then nothing within one pretraining, which takes the whole budget.",
      full: [FULL_SEEDS, seconds(600)],
    },
    {
      name: "masking-backbones",
      title: "Both backbones",
      asks: "U-ViT and DiT of the same width and depth.",
      full: [FULL_SEEDS, seconds(600), ways(ALL_WAYS)],
    },
    {
      name: "masking-tokens",
      title: "64, 256 and 1,024 tokens",
      asks: "One small network (width 96, depth 3), so that 1,024 tokens get steps enough: 32 px in patches of 4 and of 2, 64 px in patches of 2. More tokens take more seconds; attention is a larger share of a step then, and hiding tokens saves more.",
      full: [
        FULL_SEEDS,
        ways(ALL_WAYS),
        {
          path: ["axes", "tokens"],
          value: [
            { "data.image_size": 32, "model.patch_size": 4, "budget.seconds": 600 },
            { "data.image_size": 32, "model.patch_size": 2, "budget.seconds": 1800 },
            { "data.image_size": 64, "model.patch_size": 2, "budget.seconds": 7200 },
          ],
        },
      ],
    },
    {
      name: "masking-images",
      title: "At equal images",
      asks: "Each cell sees as many images, half of them in pretraining; masked ones take a part of the time, which the last column tells.",
      full: [FULL_SEEDS, { path: ["budget", "images"], value: 64_000 }, ways(ALL_WAYS)],
    },
    {
      name: "masking-transfer",
      title: "From one artist to another",
      asks: "Pretraining on the 1,039 Noto emoji, finetuning on a tenth of the Twemoji ones: 208 images, half of them held out. Pretraining on whole images tells apart what transfer brings and what masking does.",
      full: [FULL_SEEDS, seconds(600), ways(ALL_WAYS)],
    },
    {
      name: "masking-pictures",
      title: "Drawn images",
      asks: "The trainings of the largest budget above, measured by what they draw.",
      full: [FULL_SEEDS, seconds(1800)],
    },
  ],
};

const RECIPES: EvidenceDocument = {
  name: "recipes",
  title: "The recipe of the first five minutes",
  about:
    "What `npm start` does, pretraining on all the emoji and finetuning on the faces: the recipe that it had before, in the first row of each table, against others. Every cell of a table has spent the same seconds of training, pretraining counted. The measure is KID to faces that were held out of both stages, a quarter of them. Held-out losses compare only where predictions and processes are the same.",
  tellsSavings: false,
  studies: [
    {
      name: "recipes-together",
      title: "Before and after",
      asks: "All that was found to help, together, for five minutes of training.",
      names: ["before", "after", "after, noisier"],
      full: [FULL_SEEDS, seconds(1200)],
    },
    {
      name: "recipes",
      title: "One change at a time",
      asks: "Each row changes the keys that it names, and nothing else, for a minute of training.",
      full: [FULL_SEEDS, seconds(300)],
    },
    {
      name: "recipes-steps",
      title: "More steps",
      asks: "What a quarter more steps do to the first row above: how much a speed that was measured too low costs a row.",
      full: [FULL_SEEDS],
    },
    {
      name: "recipes-classes",
      title: "Classes and guidance",
      asks: "A network that knows the seven folders as classes, trained on all of them in both stages, draws faces: without guidance, and with more and more of it. One training serves all.",
      full: [FULL_SEEDS, seconds(600)],
    },
  ],
};

export const DOCUMENTS: readonly EvidenceDocument[] = [RECIPES, MASKING];
