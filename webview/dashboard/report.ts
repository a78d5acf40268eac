/** Shows what went wrong in a line at the foot of the page, read out once. */

let clearing: ReturnType<typeof setTimeout> | undefined;

/** Waits for work that a user asked for; its error is shown. @returns the result; undefined: it failed */
export async function report<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const line = document.querySelector("#problem");
    if (line !== null) line.textContent = error instanceof Error ? error.message : String(error);
    clearTimeout(clearing);
    clearing = setTimeout(() => line?.replaceChildren(), 10_000);
    return undefined;
  }
}
