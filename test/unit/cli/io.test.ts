import { describe, expect, it } from "vitest";
import { streamIo } from "../../../src/trainer/cli/io.ts";
import { MemoryStream, memoryIo } from "./memoryIo.ts";

describe("Io", () => {
  it("sends results to stdout and the rest to stderr, each with one newline", () => {
    const { io, out, err } = memoryIo();
    io.stdout("a");
    io.stdout("b\n");
    io.stderr("c");
    io.json({ d: [1] });
    expect(out.text).toBe('a\nb\n{\n  "d": [\n    1\n  ]\n}\n');
    expect(err.text).toBe("c\n");
  });

  it("shows control characters of names on a terminal and in messages, and leaves piped results alone", () => {
    const piped = memoryIo();
    piped.io.stdout("a\x1b[2J");
    piped.io.stderr("b\x1b]0;title\x07\nc\r");
    expect(piped.out.text).toBe("a\x1b[2J\n");
    expect(piped.err.text).toBe("b\\x1b]0;title\\x07\nc\\r\n");
    const out = new MemoryStream(true);
    streamIo(out, new MemoryStream(true), {}).stdout("a\x1b[2J");
    expect(out.text).toBe("a\\x1b[2J\n");
  });

  it("has no status line without a terminal, nor on a dumb one", () => {
    expect(memoryIo().io.status).toBeUndefined();
    const dumb = streamIo(new MemoryStream(true), new MemoryStream(true), { TERM: "dumb" });
    expect(dumb.isTerminal).toBe(false);
    expect(dumb.status).toBeUndefined();
  });

  it("keeps the status line below what is written, hides the cursor and shows it again", () => {
    const { io, err } = memoryIo(true);
    io.status?.("10%");
    io.stderr("a note");
    io.status?.("20%");
    io.status?.(null);
    const clear = "\r\x1b[2K";
    expect(err.text).toBe(`\x1b[?25l10%${clear}a note\n10%${clear}20%${clear}\x1b[?25h`);
  });

  it("shows the cursor once, however often the status line is taken away", () => {
    const { io, err } = memoryIo(true);
    io.status?.(null);
    expect(err.text).toBe("");
  });
});
