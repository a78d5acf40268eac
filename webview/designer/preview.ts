/** The preview: from the model to images on screen, redoing only what a change touches. */
import { LivePreview } from "../../src/core/batch/livePreview.ts";
import { stageFacts } from "../../src/core/cost/stageFacts.ts";
import { hiddenText } from "../../src/core/experiment/hiddenText.ts";
import type { Experiment } from "../../src/core/experiment/schema.ts";
import { dataKey } from "../../src/core/protocol/designer.ts";
import { element } from "../ui/element.ts";
import type { ClassLabels } from "./classLabels.ts";
import { HeatMap } from "./heatMap.ts";
import { type GridLook, ImageGrid } from "./imageGrid.ts";
import { Inspector } from "./inspector.ts";
import type { DesignerModel } from "./model.ts";
import { Notices } from "./notices.ts";
import type { PageActions } from "./pageActions.ts";
import { Painter } from "./painter.ts";
import { type ImageBatch, PixelStore } from "./pixelStore.ts";
import { PreviewToolbar } from "./previewToolbar.ts";
import { TEST_IMAGES, testImage } from "./testImage.ts";

/** Where the pixels come from: the user's images, drawn ones, or nowhere yet. */
type Source =
  | { readonly kind: "own" | "test"; readonly key: string; readonly count: number }
  | { readonly kind: "none" };

export class Preview {
  readonly element: HTMLElement;
  readonly heatMap = new HeatMap();
  private readonly toolbar: PreviewToolbar;
  private readonly notices: Notices;
  private readonly inspector = new Inspector();
  private readonly images: ImageGrid;
  private readonly hidden = element("span");
  private readonly legend = element(
    "p",
    { class: "legend", hidden: "" },
    element("span", { class: "hatch", "aria-hidden": "true" }),
    this.hidden,
  );
  private readonly painter = new Painter();
  private readonly store: PixelStore;
  private live: LivePreview | null = null;
  private classes: ClassLabels | null = null;
  private source: Source = { kind: "none" };
  private stale: string | null = null;
  private readError: string | null = null;
  private rest: () => void = () => {};

  /** @param read asks the extension for images of the user's data set */
  constructor(
    private readonly model: DesignerModel,
    actions: PageActions,
    read: (key: string, indices: number[]) => Promise<ImageBatch>,
  ) {
    this.toolbar = new PreviewToolbar(model);
    this.notices = new Notices(actions);
    this.store = new PixelStore(
      (indices) => (this.source.kind === "own" ? read(this.source.key, indices) : this.drawTestImages(indices)),
      () => this.paint(),
      (error) => {
        this.readError = error;
        this.showNotices();
      },
    );
    this.images = new ImageGrid((token, byKeys) =>
      this.inspector.show(token, byKeys, this.live, this.store, this.classes),
    );
    this.element = element(
      "section",
      { class: "card preview", "aria-label": "Preview of a batch" },
      this.toolbar.element,
      this.legend,
      this.notices.element,
      this.inspector.element,
      this.images.element,
    );
  }

  /**
   * Follows the model; the time from the change to the last image drawn is measured.
   * @param rest done when the images are drawn, as they are what the eye is on
   */
  update(rest: () => void): void {
    this.rest = rest;
    this.painter.begin(this.model.changedAt);
    this.toolbar.update();
    const experiment = this.previewable();
    if (experiment !== null) this.plan(experiment);
    this.showNotices();
    this.element.classList.toggle("stale", this.stale !== null);
    this.paint();
  }

  private get look(): GridLook {
    const { view, timestep, zoom, grid } = this.model.view;
    const last = (this.live?.context.schedule.levels.length ?? 1) - 1;
    return {
      views: view === "all" ? ["original", "masked", "noised"] : [view],
      timestep: timestep === null ? null : Math.min(timestep, last),
      zoom,
      grid,
    };
  }

  /** The experiment as it is now; null where it cannot be previewed, with the reason in `stale`. */
  private previewable(): Experiment | null {
    const { reading, view } = this.model;
    const { experiment, refused } = reading;
    const ofInterest = new RegExp(`^(data|model|mask|diffusion|seed)\\b|^${view.stage}\\.(batch_size|\\*)`);
    if (experiment === null) this.stale = "The file has errors. This is the last preview without them.";
    else if ([...refused].some((path) => ofInterest.test(path)))
      this.stale = "Some values are wrong. This is the last preview without them.";
    else if (stageFacts(experiment, view.stage, null) === null)
      this.stale = "The mask does not fit the grid of patches. This is the last preview of one that does.";
    else {
      this.stale = null;
      return experiment;
    }
    return null;
  }

  private plan(experiment: Experiment): void {
    const { data, view } = this.model;
    const { image_size: size, channels } = experiment.data;
    const key = dataKey(experiment.data);
    const isOwn = data.kind === "ready" && data.key === key;
    const hasNone =
      data.kind === "untrusted" || data.kind === "homeless" || (data.kind === "failed" && data.key === key);
    if (isOwn) this.source = { kind: "own", key, count: data.count };
    else if (hasNone) this.source = { kind: "test", key: `test ${size} ${channels}`, count: TEST_IMAGES };
    else {
      // They are being opened: what is shown stays until they are there.
      this.source = { kind: "none" };
      this.stale = this.live === null ? null : "Opening the images …";
      return;
    }
    if (this.readError !== null && data.kind === "ready") this.readError = null;
    this.store.use(`${this.source.kind} ${this.source.key} ${this.source.count}`, size * size * channels);
    const { stage, step, count } = view;
    const datasetSize = this.source.count;
    this.live = new LivePreview({ experiment, stage, datasetSize, step, count }, this.live);
    const { geometry: mask } = this.live;
    this.legend.hidden = mask.visibleTokens === mask.tokens;
    this.hidden.textContent = hiddenText(experiment);
    this.classes = isOwn ? this.model.classesOf(experiment) : null;
    this.store.want(this.live.plan.indices);
    this.images.setUp(this.live, this.look);
    // The next batch is at hand when it is asked for.
    const next = this.live.context.planner.plan(step + 1, this.live.count);
    this.store.want(next.indices);
  }

  private paint(): void {
    const { live } = this;
    if (live === null || this.source.kind === "none") {
      this.rest();
      return;
    }
    const { timestep } = this.look;
    const isWhole = [...live.plan.indices].every((index) => this.store.get(index) !== undefined);
    const jobs = function* (this: Preview): Generator<void> {
      yield* this.images.draw(live, this.store, timestep, this.classes);
      if (isWhole) this.painter.done();
      yield;
      this.rest();
      yield* this.heatMap.draw(live.context.planner, live.plan.step);
    }.bind(this);
    this.painter.paint(jobs());
  }

  private showNotices(): void {
    this.notices.update({ data: this.model.data, stale: this.stale, readError: this.readError });
  }

  private drawTestImages(indices: readonly number[]): Promise<ImageBatch> {
    const { imageSize, channels } = this.live!.context.shape;
    const bytes = imageSize * imageSize * channels;
    const pixels = new Uint8Array(indices.length * bytes);
    indices.forEach((index, i) => {
      pixels.set(testImage(imageSize, channels, index), i * bytes);
    });
    const paths = indices.map((index) => `test image ${index + 1}`);
    return Promise.resolve({ paths, classes: paths.map(() => null), pixels });
  }
}
