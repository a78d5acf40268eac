/** A row of which one is chosen: radio buttons drawn as one control. */
import { element } from "./element.ts";

export interface Choice<T extends string> {
  readonly value: T;
  readonly label: string | Node;
  /** read out and shown on hover; the label where left out */
  readonly title?: string;
}

export interface Segmented<T extends string> {
  readonly element: HTMLElement;
  set(value: T): void;
  setDisabled(disabled: boolean): void;
}

let groups = 0;

export function segmented<T extends string>(
  name: string,
  choices: readonly Choice<T>[],
  onChoose: (value: T) => void,
  className = "segmented",
): Segmented<T> {
  const group = `group-${groups++}`;
  const inputs = new Map<T, HTMLInputElement>();
  const labels = choices.map(({ value, label, title }) => {
    const input = element("input", { type: "radio", name: group, value, class: "visually-hidden" });
    if (title !== undefined) input.setAttribute("aria-label", title);
    input.addEventListener("change", () => onChoose(value));
    inputs.set(value, input);
    return element("label", title === undefined ? {} : { title }, input, element("span", { class: "face" }, label));
  });
  return {
    element: element("div", { class: className, role: "radiogroup", "aria-label": name }, ...labels),
    set(value) {
      const input = inputs.get(value);
      if (input !== undefined) input.checked = true;
      else for (const other of inputs.values()) other.checked = false;
    },
    setDisabled(disabled) {
      for (const input of inputs.values()) input.disabled = disabled;
    },
  };
}
