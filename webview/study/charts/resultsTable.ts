/** What a chart shows, as a table. */
import { METRICS } from "../../../src/core/study/metrics.ts";
import type { StudyTable } from "../../../src/core/study/table.ts";
import { intervalText, metricFormat, STANDING_WORDS, secondsText, statesText } from "../../../src/core/study/words.ts";
import { element } from "../../ui/element.ts";

export function resultsTable(table: StudyTable): HTMLTableElement {
  const format = metricFormat(table);
  const head = ["configuration", METRICS[table.metric].title, "95 % interval", "n", "standing", "training", "cells"];
  const rows = table.rows.map((row) => {
    const values = [
      row.mean === null ? "" : format(row.mean),
      row.interval === null ? "" : intervalText(row.interval, format),
      String(row.n),
      STANDING_WORDS[row.standing],
      row.seconds === null ? "" : secondsText(row.seconds),
      statesText(row),
    ];
    return element(
      "tr",
      {},
      element("th", { scope: "row" }, row.label),
      ...values.map((value) => element("td", {}, value)),
    );
  });
  return element(
    "table",
    {},
    element("thead", {}, element("tr", {}, ...head.map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, ...rows),
  );
}
