/** Why the preview is not what it could be: images that are being decoded or cannot be shown, a file with errors. */
import type { DataState } from "../../src/core/protocol/designer.ts";
import { element } from "../ui/element.ts";
import { icon } from "../ui/icons.ts";
import { plural } from "./numbers.ts";
import type { PageActions } from "./pageActions.ts";

export interface NoticeInput {
  readonly data: DataState;
  /** the preview is of an earlier text: what keeps the present one from being shown; null: it is shown */
  readonly stale: string | null;
  /** reading images failed after the data set was open */
  readonly readError: string | null;
}

export class Notices {
  readonly element = element("div", { class: "notices", role: "status" });
  private shown = "";

  constructor(private readonly actions: PageActions) {}

  update(input: NoticeInput): void {
    const key = JSON.stringify(input);
    if (key === this.shown) return;
    this.shown = key;
    const { data, stale, readError } = input;
    this.element.replaceChildren(
      ...(stale === null ? [] : [notice("warning", stale)]),
      ...(readError === null ? [] : [notice("error", readError)]),
      ...this.dataNotice(data),
    );
  }

  private dataNotice(data: DataState): HTMLElement[] {
    switch (data.kind) {
      case "untrusted": {
        const trust = element("button", { class: "link", type: "button" }, "Manage trust");
        trust.addEventListener("click", () => this.actions.manageTrust());
        const text = "Restricted Mode: your images are not read. Drawn test images show the mask and the noise.";
        return [notice("info", text, trust)];
      }
      case "homeless":
        return [
          notice("info", "Save the file to a folder to see your own images. Drawn test images stand in for them."),
        ];
      case "decoding": {
        const bar = element("progress", { max: String(data.total), value: String(data.done) });
        bar.setAttribute("aria-label", "Decoding images");
        const text = `Decoding ${plural(data.total, "image")}, once: ${data.done} done`;
        return [notice("info", text, bar)];
      }
      case "failed":
        return [notice("error", `${data.error} Drawn test images stand in for yours.`)];
      case "ready":
        return [
          ...(data.broken === 0
            ? []
            : [
                notice(
                  "warning",
                  `${plural(data.broken, "image")} cannot be used and ${data.broken === 1 ? "is" : "are"} left out.`,
                ),
              ]),
          ...data.notes.map((note) => notice("info", `${note}.`)),
        ];
      case "opening":
        return [];
    }
  }
}

function notice(kind: "info" | "warning" | "error", text: string, ...more: Node[]): HTMLElement {
  return element("p", { class: `notice ${kind}` }, icon(kind), element("span", {}, text), ...more);
}
