/**
 * Laws of points in the plane that the method is shown on: images of two pixels. Without noise all lie within [-EXTENT, EXTENT]²: a
 * deviation of about 1, since a network learns the finer detail of a single number the later the smaller that is.
 */
import { RandomStream } from "../random/streams.ts";

export const TOY_SETS = ["swiss-roll", "rings", "moons", "checkerboard"] as const;
export type ToySet = (typeof TOY_SETS)[number];

/** What pictures call them. */
export const TOY_SET_TITLES: Readonly<Record<ToySet, string>> = {
  "swiss-roll": "Swiss roll",
  rings: "Rings",
  moons: "Moons",
  checkerboard: "Checkerboard",
};

export const EXTENT = 2;

/** Which of the independent draws: what is trained on, what samples are held against, and, from there on, what that is held against itself. */
export const TOY_DRAWS = { training: 0, reference: 1, others: 2 } as const;

type Place = readonly [x: number, y: number];

/** A point of each law without noise; u and v are uniform on [0, 1), of which v chooses where there is a choice. */
const PLACES: Readonly<Record<ToySet, (u: number, v: number) => Place>> = {
  // Radius and angle grow together, from 1.5 π to 4.5 π.
  "swiss-roll": (u) => {
    const angle = 1.5 * Math.PI * (1 + 2 * u);
    const radius = (EXTENT * angle) / (4.5 * Math.PI);
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  },
  rings: (u, v) => {
    const radius = v < 0.5 ? EXTENT : EXTENT / 2;
    return [radius * Math.cos(2 * Math.PI * u), radius * Math.sin(2 * Math.PI * u)];
  },
  // Two half circles of radius 1, the lower one moved by (1, 1/2); all of it has the width 3.
  moons: (u, v) => {
    const [x, y] = [Math.cos(Math.PI * u), Math.sin(Math.PI * u)];
    const scale = EXTENT / 1.5;
    return v < 0.5 ? [scale * (x - 0.5), scale * (y - 0.25)] : [scale * (0.5 - x), scale * (0.25 - y)];
  },
  // 4 x 4 squares of which every other one is filled; v says the row, and what is left of it the place within.
  checkerboard: (u, v) => {
    const row = Math.floor(4 * v);
    const column = 2 * Math.floor(2 * u) + (row % 2);
    const side = EXTENT / 2;
    return [side * (column + ((2 * u) % 1)) - EXTENT, side * (row + ((4 * v) % 1)) - EXTENT];
  },
};

export interface ToyPointsRequest {
  readonly set: ToySet;
  /** standard deviation of what is added to both coordinates */
  readonly noise: number;
  readonly seed: number;
  /** TOY_DRAWS, or a number behind them */
  readonly draw: number;
  readonly count: number;
}

/** @returns [count, 2]; point i does not depend on how many there are */
export function toyPoints({ set, noise, seed, draw, count }: ToyPointsRequest): Float32Array {
  const points = new Float32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const address = { seed, stage: "pretrain", stream: "toyPoints", step: draw, item: i } as const;
    const stream = new RandomStream(address);
    const place = PLACES[set](stream.uniform(), stream.uniform());
    stream.fillNormal(points, 2 * i, 2, noise);
    points[2 * i] = points[2 * i]! + place[0];
    points[2 * i + 1] = points[2 * i + 1]! + place[1];
  }
  return points;
}

/** One coordinate of all points, [n]. */
export const coordinate = (points: Float32Array, axis: 0 | 1): Float32Array =>
  Float32Array.from({ length: points.length / 2 }, (_, i) => points[2 * i + axis]!);
