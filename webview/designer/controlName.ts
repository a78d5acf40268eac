/** Names of controls for screen readers. The toolkit gives text fields a name of its own when they come into the page. */

const KEPT = "data-name";

/** Names a control, now and for `applyControlNames`. */
export function nameControl(control: HTMLElement, name: string): void {
  control.setAttribute(KEPT, name);
  control.setAttribute("aria-label", name);
}

/** To be called once the page is in the document. */
export function applyControlNames(page: HTMLElement): void {
  for (const control of page.querySelectorAll(`[${KEPT}]`)) {
    control.setAttribute("aria-label", control.getAttribute(KEPT) ?? "");
  }
}
