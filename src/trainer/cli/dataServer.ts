/** `maskdm data-server`: images of data sets for the editor, which keeps one such process open. Not for people. */
import type { Command } from "commander";
import type { Io } from "./io.ts";

export function register(program: Command, io: Io): void {
  program
    .command("data-server", { hidden: true })
    .description("Serve images of data sets: requests as JSON lines on stdin, frames on stdout. Used by the editor.")
    .action(async () => {
      const [{ createInterface }, { DataServer }, { encodeFrame }] = await Promise.all([
        import("node:readline"),
        import("../data/dataServer.ts"),
        import("../../node/dataServer/frames.ts"),
      ]);
      const server = new DataServer(
        (answer, body) => {
          for (const part of encodeFrame(answer, body)) process.stdout.write(part);
        },
        (line) => io.stderr(line),
      );
      try {
        for await (const line of createInterface({ input: process.stdin })) await server.handle(line);
      } finally {
        server.close();
      }
    });
}
