import { count, short } from "../../src/core/numbers.ts";

/** Such as 45 s, 12 min, 3 h 20 min, 5 days. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${short(seconds * 1000)} ms`;
  if (seconds < 100) return `${short(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${count(Math.round(hours / 24))} days`;
}
