/** What all charts share: what the x axis counts, how much lines are smoothed, and whether outliers count. */
import { AXIS_TITLES } from "../../src/core/series/charts.ts";
import { AXES, type AxisName } from "../../src/core/series/columns.ts";
import { SMOOTHING_STEPS } from "../../src/core/series/smooth.ts";
import { type CheckControl, control, type ValueControl } from "../ui/controls.ts";
import { element } from "../ui/element.ts";
import { formatCount } from "./format.ts";
import type { Model } from "./model.ts";
import { remember, settings } from "./settings.ts";

const HINT = "Drag zooms x or y · Ctrl+wheel x · Shift+wheel y · Shift+drag pans · double-click resets";

export function chartsToolbar(model: Model): HTMLElement {
  const axis = control<ValueControl>("dropdown", { id: "x-axis", "aria-label": "x axis" });
  axis.append(...AXES.map((name) => control("option", { value: name }, AXIS_TITLES[name])));
  const logX = control<CheckControl>("checkbox", { id: "log-x" }, "Log x");
  const outliers = control<CheckControl>(
    "checkbox",
    { id: "ignore-outliers", title: "Ignore outliers in chart scaling" },
    "Ignore outliers",
  );
  const slider = element("input", {
    type: "range",
    id: "smoothing",
    min: "0",
    max: String(SMOOTHING_STEPS.length - 1),
    "aria-describedby": "smoothing-text",
  });
  const text = element("output", { id: "smoothing-text", for: "smoothing" });
  const reset = control<ValueControl>("button", { id: "reset-zoom", appearance: "secondary" }, "Reset zoom");

  const show = (): void => {
    axis.value = settings.x;
    logX.checked = settings.logX;
    outliers.checked = settings.ignoreOutliers;
    logX.disabled = settings.x === "time";
    const { tau } = model;
    const at = SMOOTHING_STEPS.findLastIndex((steps) => steps <= tau);
    slider.value = String(Math.max(0, at));
    text.value = tau === 0 ? "off" : `${formatCount(tau)} step${tau === 1 ? "" : "s"}`;
    slider.setAttribute("aria-valuetext", text.value);
    reset.disabled = settings.range === null && Object.keys(settings.yRange).length === 0;
  };
  const otherAxis = (x: AxisName, logarithmic: boolean): void => {
    if (x === settings.x && logarithmic === settings.logX) return;
    settings.x = x;
    settings.logX = logarithmic && x !== "time";
    settings.range = null;
    remember();
    model.setCross(null);
    model.forgetLines();
    model.tell("theme");
  };
  axis.addEventListener("change", () => otherAxis(axis.value as AxisName, settings.logX));
  logX.addEventListener("change", () => otherAxis(settings.x, logX.checked));
  outliers.addEventListener("change", () => {
    if (outliers.checked === settings.ignoreOutliers) return;
    settings.ignoreOutliers = outliers.checked;
    remember();
    model.tell("lines");
  });
  slider.addEventListener("input", () => {
    settings.tau = SMOOTHING_STEPS[Number(slider.value)] ?? 0;
    remember();
    model.tell("view");
  });
  reset.addEventListener("click", () => {
    settings.yRange = {};
    model.setRange(null);
  });
  model.on("view", show);
  model.on("lines", show);
  show();
  return element(
    "div",
    { class: "toolbar", role: "toolbar", "aria-label": "Charts" },
    element("label", { for: "x-axis" }, "x axis"),
    axis,
    logX,
    element("label", { for: "smoothing" }, "Smoothing"),
    slider,
    text,
    outliers,
    element("span", { class: "hint stretch", title: HINT }, HINT),
    reset,
  );
}
