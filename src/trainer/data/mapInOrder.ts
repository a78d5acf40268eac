/**
 * Works on several items at once and hands the results on in the items' order. At most `window` results wait at any time, so
 * memory does not grow with the number of items.
 * @param work must not reject: failures are results
 */
export async function mapInOrder<Item, Result>(
  items: Iterable<Item>,
  window: number,
  work: (item: Item) => Promise<Result>,
  consume: (item: Item, result: Result) => void,
): Promise<void> {
  const running: { item: Item; result: Promise<Result> }[] = [];
  const finishFirst = async (): Promise<void> => {
    const first = running.shift();
    if (first !== undefined) consume(first.item, await first.result);
  };
  for (const item of items) {
    if (running.length >= window) await finishFirst();
    running.push({ item, result: work(item) });
  }
  while (running.length > 0) await finishFirst();
}
