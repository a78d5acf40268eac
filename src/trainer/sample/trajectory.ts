/** The way from noise to image: a row per image, its x_t and predicted x0 at evenly spaced steps. */
import type { SampleStep } from "../../core/diffusion/samplers.ts";
import { writeImageGrid } from "./grid.ts";

export interface TrajectoryShape {
  readonly count: number;
  /** pictures in a row; the last one is the result */
  readonly columns: number;
  /** H = W, pixels */
  readonly size: number;
  readonly channels: number;
}

export class TrajectoryRecorder {
  /** two rows per image: x_t above, predicted x0 below */
  private readonly images: Float32Array;
  private readonly elements: number;

  constructor(private readonly shape: TrajectoryShape) {
    this.elements = shape.size * shape.size * shape.channels;
    this.images = new Float32Array(2 * shape.count * shape.columns * this.elements);
  }

  /** Keeps a step if one of the columns shows it. */
  record({ step, steps, firstImage, count, xt, x0, xNext }: SampleStep): void {
    const { columns } = this.shape;
    for (let column = 0; column < columns; column++) {
      const wanted = Math.round((column * (steps - 1)) / Math.max(1, columns - 1));
      if (wanted !== step) continue;
      const above = step === steps - 1 ? xNext : xt;
      for (let i = 0; i < count; i++) {
        this.put(2 * (firstImage + i), column, above, i);
        this.put(2 * (firstImage + i) + 1, column, x0, i);
      }
    }
  }

  /** Writes the picture. @throws UserError where the disk refuses */
  write(path: string): Promise<void> {
    const { count, columns, size, channels } = this.shape;
    const grid = { images: this.images, count: 2 * count * columns, imageSize: size, channels };
    return writeImageGrid(path, grid, { columns });
  }

  private put(row: number, column: number, images: Float32Array, image: number): void {
    const from = image * this.elements;
    this.images.set(images.subarray(from, from + this.elements), (row * this.shape.columns + column) * this.elements);
  }
}
