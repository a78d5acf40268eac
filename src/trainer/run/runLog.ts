import { join } from "node:path";
import { shownLines } from "../../core/shownText.ts";
import { AppendFile } from "./appendFile.ts";

/** log.txt of a run: lines for people, each with the time. */
export class RunLog {
  private readonly file: AppendFile;

  /** @throws UserError if the disk refuses */
  constructor(runDir: string) {
    this.file = new AppendFile(join(runDir, "log.txt"), `Checkpoints in ${runDir} are intact.`);
  }

  /** Adds the lines of a text. @throws UserError if the disk refuses */
  append(text: string): void {
    for (const line of shownLines(text).trimEnd().split("\n")) this.file.append(`${new Date().toISOString()} ${line}`);
  }

  close(): void {
    this.file.close();
  }
}
