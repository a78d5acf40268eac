/**
 * The times a sampler visits: `steps` evenly spaced ones from T-1 down, then -1, the clean image (method section 6). Time i, counted
 * from the end, is floor(i·T/steps) - 1; whole-number arithmetic, so that every language finds the same.
 * More steps than T would visit times twice: T are taken then.
 * @returns [min(steps, T) + 1] times, strictly falling from T-1 to -1
 */
export function samplingTimes(timesteps: number, steps: number): Int32Array {
  const count = Math.min(steps, timesteps);
  const times = new Int32Array(count + 1);
  for (let i = 0; i <= count; i++) times[count - i] = Math.floor((i * timesteps) / count) - 1;
  return times;
}
