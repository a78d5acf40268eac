/** What a plan that is looked at, and not carried out, is made with. */

/** Equal names for equal texts, and for no others: all that such a plan asks of a digest. */
export function countedDigest(): (text: string) => string {
  const seen = new Map<string, string>();
  return (text) => {
    const known = seen.get(text) ?? String(seen.size).padStart(12, "0");
    seen.set(text, known);
    return known;
  };
}
