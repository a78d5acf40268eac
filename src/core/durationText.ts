/** Times in words, the same on the command line and in the editor. */

/** Seconds as "8s", "3m 20s", "2h 05m" or "4d 03h". */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`;
  const hours = Math.round(whole / 3600);
  return `${Math.floor(hours / 24)}d ${two(hours % 24)}h`;
}

/** A time that may be a fraction of a second, as "4.2 ms", "120 ms" or "1.4 s"; longer ones as `formatDuration`. */
export function formatStepTime(seconds: number): string {
  if (seconds < 0.00995) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 0.9995) return `${(seconds * 1000).toFixed(0)} ms`;
  return seconds < 9.95 ? `${seconds.toFixed(1)} s` : formatDuration(seconds);
}
