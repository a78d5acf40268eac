import { describe, expect, it } from "vitest";
import { gridPages, gridSize, LARGEST_PICTURE_PIXELS, LARGEST_PICTURE_SIDE } from "../../../src/core/run/gridPages.ts";
import { trajectoryPages } from "../../../src/core/run/trajectory.ts";

describe("gridPages", () => {
  it("leaves a grid that fits on one page", () => {
    expect(gridPages({ count: 12, imageSize: 64 })).toMatchObject({ columns: 4, imagesPerPage: 12, pages: 1 });
    expect(gridPages({ count: 81, imageSize: 1024 })).toMatchObject({ columns: 9, pages: 1 });
  });

  it.each([
    [256, 1024],
    [4000, 256],
    [10_000, 1024],
    [10_000, 64],
    [10_000, 4],
  ])("%i images of %i px: every page is small enough, and one row more would not be", (count, imageSize) => {
    const layout = gridPages({ count, imageSize });
    const { columns, imagesPerPage, pages } = layout;
    const { width, height } = gridSize(layout, Math.min(count, imagesPerPage));
    expect(width * height).toBeLessThanOrEqual(LARGEST_PICTURE_PIXELS);
    expect(Math.max(width, height)).toBeLessThanOrEqual(LARGEST_PICTURE_SIDE);
    expect(imagesPerPage * pages).toBeGreaterThanOrEqual(count);
    expect(imagesPerPage * (pages - 1)).toBeLessThan(count);
    if (pages === 1) return;
    const larger = gridSize(layout, imagesPerPage + columns);
    expect(larger.width * larger.height).toBeGreaterThan(LARGEST_PICTURE_PIXELS);
    expect(width / height).toBeGreaterThan(0.8);
    expect(width / height).toBeLessThan(1.25);
  });

  it("keeps both rows of an image's trajectory on one page, and says where not even one image fits", () => {
    const layout = trajectoryPages({ count: 500, columns: 8, size: 64, channels: 3 });
    expect(layout.pages).toBeGreaterThan(1);
    expect(layout.imagesPerPage % 16).toBe(0);
    expect(gridSize(layout, layout.imagesPerPage).height).toBeLessThanOrEqual(LARGEST_PICTURE_SIDE);
    expect(trajectoryPages({ count: 1, columns: 32, size: 1024, channels: 3 }).pages).toBe(0);
  });
});
