/** Values of metrics: as many digits as tell them apart. */

export function metricText(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-4) return value.toExponential(1);
  if (size < 1) return value.toFixed(4);
  return value.toPrecision(4);
}
