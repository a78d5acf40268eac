/** Zooming and panning of a chart by mouse, trackpad and keyboard. The x axis is shared by all charts, y is a chart's own. */
import { panned, type Range, zoomed } from "./axes.ts";
import type { ChartView } from "./chartView.ts";
import { settings } from "./settings.ts";

/** A pointer that moved less has clicked. */
const CLICK_PIXELS = 4;
const KEY_ZOOM = 0.7;
const KEY_PAN = 0.15;
const WHEEL_SPEED = 0.0025;

interface Drag {
  readonly x: number;
  readonly y: number;
  readonly pans: boolean;
  /** in view when it began */
  readonly xRange: Range;
  readonly yRange: Range;
}

export function listenForGestures(card: ChartView): void {
  const { canvas } = card.layer;
  let drag: Drag | null = null;

  const place = (event: MouseEvent): { x: number; y: number } => ({ x: event.offsetX, y: event.offsetY });

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button > 1 || card.area === null) return;
    const pans = event.shiftKey || event.button === 1;
    drag = { ...place(event), pans, xRange: card.xRange, yRange: card.yRange };
    canvas.setPointerCapture(event.pointerId);
    if (event.button === 1) event.preventDefault();
  });

  canvas.addEventListener("pointermove", (event) => {
    const at = place(event);
    if (drag?.pans) pan(card, drag, at);
    else if (drag !== null) card.layer.band = band(drag, at);
    const { area } = card;
    const inside = area !== null && at.x >= area.left - 2 && at.x <= area.right + 2;
    card.model.setCross(inside && !drag?.pans ? { x: card.xAt(at.x), chart: card.id, at } : null);
  });

  canvas.addEventListener("pointerup", (event) => {
    const ended = drag;
    drag = null;
    const chosen = card.layer.band;
    card.layer.band = null;
    if (ended === null || ended.pans || chosen === null) {
      card.layer.draw();
      return;
    }
    const { from, to } = chosen;
    if (chosen.axis === "x") setX(card, [card.xAt(from), card.xAt(to)]);
    else card.setYRange([card.yAt(to), card.yAt(from)]);
    event.preventDefault();
  });

  canvas.addEventListener("pointerleave", () => {
    if (drag === null) card.model.setCross(null);
  });
  canvas.addEventListener("pointercancel", () => {
    drag = null;
    card.layer.band = null;
    card.model.setCross(null);
  });
  canvas.addEventListener("dblclick", () => card.resetZoom());
  canvas.addEventListener("wheel", (event) => wheel(card, event), { passive: false });
  canvas.addEventListener("keydown", (event) => {
    if (!key(card, event)) return;
    event.preventDefault();
    event.stopPropagation();
  });
  canvas.addEventListener("blur", () => card.model.setCross(null));
}

/** The stretch of an axis that a drag marks: that of the direction it went more. */
function band(drag: Drag, to: { x: number; y: number }): { axis: "x" | "y"; from: number; to: number } | null {
  const [dx, dy] = [Math.abs(to.x - drag.x), Math.abs(to.y - drag.y)];
  if (Math.max(dx, dy) < CLICK_PIXELS) return null;
  if (dx >= dy) return { axis: "x", from: Math.min(drag.x, to.x), to: Math.max(drag.x, to.x) };
  return { axis: "y", from: Math.min(drag.y, to.y), to: Math.max(drag.y, to.y) };
}

function pan(card: ChartView, drag: Drag, at: { x: number; y: number }): void {
  const { area } = card;
  if (area === null) return;
  const dx = (drag.x - at.x) / (area.right - area.left);
  const dy = (at.y - drag.y) / (area.bottom - area.top);
  if (Math.abs(dx) > 0) setX(card, panned(drag.xRange, dx, settings.logX));
  if (settings.yRange[card.id] !== undefined) card.setYRange(panned(drag.yRange, dy, card.logarithmic));
}

/** Ctrl (or a pinch) zooms x, Shift zooms y, sideways pans; a plain wheel scrolls the page unless the chart was clicked into. */
function wheel(card: ChartView, event: WheelEvent): void {
  const { area } = card;
  if (area === null) return;
  const focused = document.activeElement === card.layer.canvas;
  const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 24 : 1;
  const [dx, dy] = [event.deltaX * pixels, event.deltaY * pixels];
  if (event.shiftKey) {
    const factor = Math.exp((dy || dx) * WHEEL_SPEED);
    card.setYRange(zoomed(card.yRange, factor, card.yAt(event.offsetY), card.logarithmic));
  } else if (Math.abs(dx) > Math.abs(dy) && settings.range !== null) {
    setX(card, panned(card.xRange, dx / (area.right - area.left), settings.logX));
  } else if (event.ctrlKey || event.metaKey || focused) {
    const at = Math.min(area.right, Math.max(area.left, event.offsetX));
    setX(card, zoomed(card.xRange, Math.exp(dy * WHEEL_SPEED), card.xAt(at), settings.logX));
  } else return;
  event.preventDefault();
}

function key(card: ChartView, event: KeyboardEvent): boolean {
  const { model } = card;
  const centre = model.cross?.x ?? middle(card.xRange);
  const sign = event.key === "ArrowLeft" ? -1 : 1;
  switch (event.key) {
    case "ArrowLeft":
    case "ArrowRight":
      if (event.shiftKey) setX(card, panned(card.xRange, sign * KEY_PAN, settings.logX));
      else card.layer.step(sign, event.ctrlKey ? 10 : 1);
      return true;
    case "ArrowUp":
    case "ArrowDown":
      if (!event.shiftKey) return false;
      card.setYRange(panned(card.yRange, event.key === "ArrowUp" ? KEY_PAN : -KEY_PAN, card.logarithmic));
      return true;
    case "+":
    case "=":
      if (event.altKey) card.setYRange(zoomed(card.yRange, KEY_ZOOM, middle(card.yRange), card.logarithmic));
      else setX(card, zoomed(card.xRange, KEY_ZOOM, centre, settings.logX));
      return true;
    case "-":
      if (event.altKey) card.setYRange(zoomed(card.yRange, 1 / KEY_ZOOM, middle(card.yRange), card.logarithmic));
      else setX(card, zoomed(card.xRange, 1 / KEY_ZOOM, centre, settings.logX));
      return true;
    case "0":
      card.resetZoom();
      return true;
    case "Home":
    case "End":
      card.layer.moveTo(event.key === "Home" ? card.xRange[0] : card.xRange[1]);
      return true;
    case "Escape":
      if (model.cross === null) return false;
      model.setCross(null);
      return true;
    default:
      return false;
  }
}

const middle = ([low, high]: Range): number => (low + high) / 2;

/** Beyond everything there is, all of it is shown, and follows what comes. */
function setX(card: ChartView, [low, high]: [number, number]): void {
  const extent = card.model.extent(card.id);
  if (extent === null || !(high > low)) return;
  const length = extent[1] - extent[0];
  if (high - low < length * 1e-7) return;
  // Room is left beside the data, but it never leaves the view.
  if (low > extent[1] || high < extent[0]) return;
  card.model.setRange(low <= extent[0] && high >= extent[1] ? null : [low, high]);
}
