/** One network of the 2-D picture, in one stage: trained and sampled by the engine that trains runs. */
import { sampleImages } from "../../core/diffusion/samplers.ts";
import type { Experiment } from "../../core/experiment/schema.ts";
import type { Stage } from "../../core/random/streams.ts";
import { toyBatches } from "../../core/toy/batches.ts";
import { TOY_IMAGE, toyShape } from "../../core/toy/experiment.ts";
import { stepScalars } from "../../core/training/schedules.ts";
import type { Backend } from "../engine/backend.ts";
import { Engine } from "../engine/engine.ts";

export class ToyNetwork {
  private readonly engine: Engine;
  private readonly batch: ReturnType<typeof toyBatches>;
  private step = 0;

  /** @param points that it is trained on, [n, 2] */
  constructor(
    private readonly backend: Backend,
    private readonly experiment: Experiment,
    readonly stage: Stage,
    private readonly points: Float32Array,
  ) {
    this.engine = new Engine(backend, { shape: toyShape(experiment), seed: experiment.seed });
    this.batch = toyBatches(experiment, stage, points);
  }

  /** A network of finetuning with the weights of this one, which is done with: what `finetune --from` begins with. */
  async finetuned(): Promise<ToyNetwork> {
    const next = new ToyNetwork(this.backend, this.experiment, "finetune", this.points);
    const { raw } = await this.engine.tensors();
    await next.engine.load(new Map(raw.map((tensor) => [tensor.name, tensor])), "raw", "pretraining");
    await next.engine.restartEma();
    await this.dispose();
    return next;
  }

  /** @throws Error where the loss is no longer a number */
  async trainTo(step: number): Promise<void> {
    const config = this.experiment[this.stage];
    for (; this.step < step; this.step++) {
      const scalars = { ...stepScalars(config, this.step, false), microBatchSize: config.batch_size };
      const { applied } = await this.engine.trainStep(this.batch(this.step), scalars);
      if (!applied) throw new Error(`the loss is no longer a number at step ${this.step + 1} of ${this.stage}`);
    }
  }

  /**
   * Draws points as the stage has trained for: a network of pretraining, which has never seen two tokens of a point, sees one of them
   * and gives each coordinate by itself.
   * @returns [count, 2]
   */
  draw(count: number): Promise<Float32Array> {
    const { diffusion, sample, seed } = this.experiment;
    const perPoint = this.stage === "pretrain" ? 2 : 1;
    const visible = perPoint === 1 ? null : Int32Array.from({ length: 2 * count }, (_, i) => i % 2);
    return sampleImages({
      denoiser: (x, timesteps) => {
        const times = Int32Array.from({ length: perPoint * count }, (_, i) => timesteps[Math.floor(i / perPoint)]!);
        return this.engine.predict(x, times, null, sample.weights, visible);
      },
      ...{ diffusion, sample, seed, count, ...TOY_IMAGE },
    });
  }

  dispose(): Promise<void> {
    return this.engine.dispose();
  }
}
