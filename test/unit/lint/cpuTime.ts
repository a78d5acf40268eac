/** Milliseconds of processor time that a call takes in this process: unlike the clock's, not stretched by other work on the machine. */
export function cpuMilliseconds(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}
