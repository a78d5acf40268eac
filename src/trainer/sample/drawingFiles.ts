/** The files of a drawing. Nothing that is there already is overwritten, unless it is the same drawing's or the user says so. */
import { mkdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { UserError } from "../../core/errors.ts";
import {
  DRAWING_KEYWORD,
  type Drawing,
  type DrawingShows,
  drawingDifferences,
  drawingText,
} from "../../core/run/drawing.ts";
import { type GridPages, gridSize } from "../../core/run/gridPages.ts";
import type { Picture } from "../../core/run/gridPicture.ts";
import { drawingName, pagePath, singleImageName, trajectoryPath } from "../../core/run/sampleNames.ts";
import { asDiskError } from "../../node/run/diskError.ts";
import { namesIn, replaceFile } from "../../node/run/files.ts";
import { readPngText, withPngText } from "../../node/run/pngText.ts";
import { encodePng } from "./encodePng.ts";

export interface DrawingPlan {
  readonly drawing: Drawing;
  readonly grid: GridPages;
  /** null: none is drawn */
  readonly trajectory: GridPages | null;
  /** whether each image becomes a file of its own, too */
  readonly singleImages: boolean;
}

interface DrawingFile {
  readonly path: string;
  readonly shows: DrawingShows;
}

export class DrawingFiles {
  /** pages, in order */
  readonly grid: readonly DrawingFile[];
  readonly trajectory: readonly DrawingFile[];
  /** folder of the single images; null: none are asked for */
  readonly imagesFolder: string | null;

  /**
   * @param path of the grid, were it one page
   * @param overwrite whether other pictures may be replaced
   */
  constructor(
    private readonly plan: DrawingPlan,
    path: string,
    private readonly overwrite: boolean,
  ) {
    const { grid, trajectory, singleImages } = plan;
    this.grid = this.pagesOf("grid", grid, path, 1);
    const way = trajectory === null ? 0 : 2 * trajectory.columns;
    this.trajectory = trajectory === null ? [] : this.pagesOf("trajectory", trajectory, trajectoryPath(path), way);
    this.imagesFolder = singleImages ? path.replace(/\.png$/i, "") : null;
  }

  /** Bytes of the pixels of all files together. */
  get pixelBytes(): number {
    const { drawing, grid, trajectory } = this.plan;
    const pages = (layout: GridPages, files: readonly DrawingFile[], perImage: number): number =>
      files.reduce((sum, { shows }) => {
        const { width, height } = gridSize(layout, shows.images * perImage);
        return sum + width * height;
      }, 0);
    const single = this.imagesFolder === null ? 0 : drawing.count * drawing.imageSize ** 2;
    const way = trajectory === null ? 0 : pages(trajectory, this.trajectory, 2 * trajectory.columns);
    return drawing.channels * (pages(grid, this.grid, 1) + way + single);
  }

  /** @returns what is in the way, for people; null: every place is free, or holds the same */
  obstacle(): string | null {
    for (const file of [...this.grid, ...this.trajectory]) {
      const found = this.obstacleAt(file);
      if (found !== null) return found;
    }
    const { imagesFolder: folder } = this;
    const kind = folder === null ? "nothing" : kindAt(folder);
    if (folder === null || kind === "nothing") return null;
    if (kind === "file") return `${folder} is a file`;
    const own = new Set(Array.from({ length: this.plan.drawing.count }, (_, i) => singleImageName(i)));
    for (const name of namesIn(folder).sort()) {
      if (name.startsWith(".")) continue; // in the making or in removal
      if (!own.has(name)) return `${join(folder, name)} is not of this drawing`;
      const found = this.obstacleAt(this.imageFile(Number.parseInt(name, 10)));
      if (found !== null) return found;
    }
    return null;
  }

  /** Writes a page of the grid or of the trajectory. @throws UserError where the disk refuses or something else is there by now */
  async writePage(kind: "grid" | "trajectory", page: number, picture: Picture): Promise<void> {
    await this.write(this[kind][page]!, picture);
  }

  /** Writes a single image. @throws UserError like writePage */
  async writeImage(number: number, picture: Picture): Promise<void> {
    await this.write(this.imageFile(number), picture);
  }

  private async write(file: DrawingFile, picture: Picture): Promise<void> {
    const text = drawingText(this.plan.drawing, file.shows);
    const png = withPngText(await encodePng(picture), DRAWING_KEYWORD, text);
    const found = this.obstacleAt(file);
    if (found !== null) throw new UserError(`${found}; it has come there meanwhile and is left as it is.`, "failure");
    try {
      mkdirSync(dirname(file.path), { recursive: true });
    } catch (error) {
      throw asDiskError(error, { path: file.path });
    }
    replaceFile(file.path, png, false);
  }

  private obstacleAt({ path, shows }: DrawingFile): string | null {
    const kind = kindAt(path);
    if (kind === "nothing") return null;
    if (kind === "folder") return `${path} is a folder`;
    if (this.overwrite) return null;
    const there = readPngText(path, DRAWING_KEYWORD);
    if (there === null) return `${path} exists and does not say how it was drawn`;
    const here = drawingText(this.plan.drawing, shows);
    return there === here ? null : `${path} holds another drawing (${drawingDifferences(there, here)})`;
  }

  private imageFile(number: number): DrawingFile {
    const { count } = this.plan.drawing;
    return {
      path: join(this.imagesFolder!, singleImageName(number)),
      shows: { kind: "image", firstImage: number, images: 1, columns: 1, page: number + 1, pages: count },
    };
  }

  /** @param pictures that each image takes in the grid */
  private pagesOf(
    kind: "grid" | "trajectory",
    layout: GridPages,
    path: string,
    pictures: number,
  ): readonly DrawingFile[] {
    const { count } = this.plan.drawing;
    const { pages, columns } = layout;
    const perPage = layout.imagesPerPage / pictures;
    return Array.from({ length: pages }, (_, page) => {
      const firstImage = page * perPage;
      const images = Math.min(perPage, count - firstImage);
      return {
        path: pagePath(path, page + 1, pages),
        shows: { kind, firstImage, images, columns, page: page + 1, pages },
      };
    });
  }
}

/** @throws DiskError where the disk does not tell */
function kindAt(path: string): "nothing" | "file" | "folder" {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? "nothing" : found.isDirectory() ? "folder" : "file";
  } catch (error) {
    throw asDiskError(error, { path });
  }
}

/** Names that are tried for drawings whose differences no name tells. */
const MOST_NAMES = 1000;

/**
 * Finds a place in a folder: under the drawing's name, or with a number where another drawing has that.
 * @param note told what is in the way
 */
export function placeInFolder(
  plan: DrawingPlan,
  folder: string,
  overwrite: boolean,
  note: (line: string) => void,
): DrawingFiles {
  const name = drawingName(plan.drawing);
  let taken: string | null = null;
  for (let number = 1; number <= MOST_NAMES; number++) {
    const path = join(folder, `${name}${number === 1 ? "" : `-${number}`}.png`);
    const files = new DrawingFiles(plan, path, overwrite);
    const obstacle = files.obstacle();
    if (obstacle === null) {
      if (taken !== null) note(`note: ${taken}; this one becomes ${basename(path)}`);
      return files;
    }
    taken ??= obstacle;
  }
  throw new UserError(`${folder} holds ${MOST_NAMES} drawings named ${name}. Remove some, or name a file with --out.`);
}

/**
 * The place that a user names.
 * @throws UserError where something else is there
 */
export function placeAtFile(plan: DrawingPlan, out: string, overwrite: boolean): DrawingFiles {
  const files = new DrawingFiles(plan, out, overwrite);
  const obstacle = files.obstacle();
  if (obstacle === null) return files;
  const remedy = overwrite ? "" : ", or replace it with --overwrite";
  throw new UserError(`${obstacle} and is left as it is. Choose another --out${remedy}.`);
}
