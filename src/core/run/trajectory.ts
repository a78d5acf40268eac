/** The way from noise to image: a row per image, its x_t and predicted x0 at evenly spaced steps. */
import type { SampleStep } from "../diffusion/samplers.ts";
import { type GridPages, gridPages } from "./gridPages.ts";
import type { PagedGrid } from "./gridPicture.ts";

export interface TrajectoryShape {
  readonly count: number;
  /** pictures in a row; the last one is the result */
  readonly columns: number;
  /** H = W, pixels */
  readonly size: number;
  readonly channels: number;
}

/** Two rows per image, which stay on one page. */
export function trajectoryPages({ count, columns, size }: TrajectoryShape): GridPages {
  return gridPages({ count: 2 * count * columns, columns, imageSize: size, rowsTogether: 2 });
}

/** Collects what the grid shows while images are drawn; holds one batch at a time. */
export class TrajectoryRecorder {
  /** of the batch being drawn; two rows per image: x_t above, predicted x0 below */
  private rows = new Float32Array(0);
  private readonly elements: number;

  /** @param grid laid out by trajectoryPages */
  constructor(
    private readonly shape: TrajectoryShape,
    private readonly grid: PagedGrid,
  ) {
    this.elements = shape.size * shape.size * shape.channels;
  }

  /** Takes a step in, and after a batch's last one its rows are on the grid. @throws UserError where the disk refuses a page */
  async record({ step, steps, count, xt, x0, xNext }: SampleStep): Promise<void> {
    const { columns } = this.shape;
    if (step === 0) this.rows = new Float32Array(2 * count * columns * this.elements);
    for (let column = 0; column < columns; column++) {
      const wanted = Math.round((column * (steps - 1)) / Math.max(1, columns - 1));
      if (wanted !== step) continue;
      const above = step === steps - 1 ? xNext : xt;
      for (let i = 0; i < count; i++) {
        this.put(2 * i, column, above, i);
        this.put(2 * i + 1, column, x0, i);
      }
    }
    if (step === steps - 1) await this.grid.add(this.rows, 2 * count * columns);
  }

  private put(row: number, column: number, images: Float32Array, image: number): void {
    const from = image * this.elements;
    this.rows.set(images.subarray(from, from + this.elements), (row * this.shape.columns + column) * this.elements);
  }
}
