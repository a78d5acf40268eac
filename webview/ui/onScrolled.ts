const SETTLES_MS = 200;

/** Tells how far the page is scrolled, in CSS pixels, whenever the reader has stopped scrolling. */
export function onScrolled(listener: (scroll: number) => void): void {
  let timer: number | undefined;
  window.addEventListener("scroll", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => listener(window.scrollY), SETTLES_MS);
  });
}
