export type Theme = "dark" | "light" | "hc";

interface Names {
  /** in the settings */
  readonly setting: string;
  /** in the list that the editor offers */
  readonly label: string;
  /** the part of the workbench's class that tells that it is loaded */
  readonly file: string;
  /** what a webview calls it */
  readonly kind: string;
}

export const THEMES: Readonly<Record<Theme, Names>> = {
  dark: { setting: "Default Dark Modern", label: "Dark Modern", file: "dark_modern", kind: "vscode-dark" },
  light: { setting: "Default Light Modern", label: "Light Modern", file: "light_modern", kind: "vscode-light" },
  hc: {
    setting: "Default High Contrast",
    label: "Dark High Contrast",
    file: "hc_black",
    kind: "vscode-high-contrast",
  },
};
