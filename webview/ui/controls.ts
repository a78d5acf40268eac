/**
 * The form controls of our pages, as elements named mdm-button, mdm-text-field, mdm-dropdown, … They are those of
 * @vscode/webview-ui-toolkit, which is archived: it is imported here and nowhere else, so that it can be replaced here.
 */
import {
  provideVSCodeDesignSystem,
  vsCodeBadge,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDivider,
  vsCodeDropdown,
  vsCodeOption,
  vsCodePanels,
  vsCodePanelTab,
  vsCodePanelView,
  vsCodeProgressRing,
  vsCodeRadio,
  vsCodeRadioGroup,
  vsCodeTextArea,
  vsCodeTextField,
} from "@vscode/webview-ui-toolkit";

const CONTROLS = {
  badge: vsCodeBadge,
  button: vsCodeButton,
  checkbox: vsCodeCheckbox,
  divider: vsCodeDivider,
  dropdown: vsCodeDropdown,
  option: vsCodeOption,
  panels: vsCodePanels,
  "panel-tab": vsCodePanelTab,
  "panel-view": vsCodePanelView,
  "progress-ring": vsCodeProgressRing,
  radio: vsCodeRadio,
  "radio-group": vsCodeRadioGroup,
  "text-area": vsCodeTextArea,
  "text-field": vsCodeTextField,
} as const;

/** Defines the elements; a page calls it once before it makes any. */
export function defineControls(): void {
  provideVSCodeDesignSystem()
    .withPrefix("mdm")
    .register(...Object.values(CONTROLS).map((control) => control()));
}

/** Their names without the prefix. */
export type ControlName = keyof typeof CONTROLS;

/** What our pages use of a control, whatever library makes it. */
export interface ValueControl extends HTMLElement {
  value: string;
  disabled: boolean;
}

/** A check box's state. */
export interface CheckControl extends HTMLElement {
  checked: boolean;
  disabled: boolean;
}

/** Makes a control with attributes and children. */
export function control<T extends HTMLElement = HTMLElement>(
  name: ControlName,
  attributes: Readonly<Record<string, string>> = {},
  ...children: (Node | string)[]
): T {
  const element = document.createElement(`mdm-${name}`) as T;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
