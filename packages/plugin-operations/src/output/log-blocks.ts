import { duration, plural, type Style, visible } from "@maand/command";
import { type LogFields, readLogLine } from "@maand/core/readonly";
import type { StoredLine } from "../logs/stored-lines.ts";

/**
 * The maximum number of lines shown per command. Half of them are the first lines of longer output, half the last
 * lines.
 */
const LINES_OF_ONE = 2000;

/** The maximum number of lines kept for commands that have not ended. Beyond it, the oldest lines are printed. */
const LINES_HELD = 50_000;

interface Block {
  readonly head: LogFields;
  readonly first: string[];
  last: string[];
  left: number;
  end: LogFields | undefined;
}

/** Groups the lines of parallel commands into one block per command, in start order. */
export class LogBlocks {
  readonly #style: Style;
  /** Open commands in start order. */
  readonly #open = new Map<string, Block>();
  #held = 0;

  constructor(style: Style) {
    this.#style = style;
  }

  /** A line that belongs to no command. */
  event({ text }: StoredLine): string[] {
    const fields = readLogLine(text);
    if (!fields || isOfCommand(fields)) return [];
    return [[this.#head(fields), `  ${this.#style.strong(String(fields.event))}${more(fields)}`, ""].join("\n")];
  }

  /** Adds a line of a command; returns the blocks it completes. */
  command({ text, bare }: StoredLine): string[] {
    if (bare) return [visible(text)];
    const fields = readLogLine(text);
    if (!fields || !isOfCommand(fields)) return [];
    const key = keyOf(fields);
    const block = this.#open.get(key) ?? { head: fields, first: [], last: [], left: 0, end: undefined };
    this.#open.set(key, block);
    if (fields.event === "command_end") block.end = fields;
    else if (fields.stream !== undefined) this.#add(block, fields);
    if (fields.id === undefined) block.end ??= fields;
    return this.#whole();
  }

  /** The blocks of all commands that have not ended. */
  rest(): string[] {
    const texts = [...this.#open.values()].map((block) => this.#text(block));
    this.#open.clear();
    this.#held = 0;
    return texts;
  }

  #add(block: Block, fields: LogFields): void {
    const line = `  ${speaker(fields)}${fields.stream === "stderr" ? "!" : "|"} ${visible(String(fields.msg ?? ""))}`;
    this.#held += 1;
    if (block.first.length < LINES_OF_ONE / 2) block.first.push(line);
    else block.last.push(line);
    if (block.last.length < LINES_OF_ONE) return;
    block.last = block.last.slice(LINES_OF_ONE / 2);
    block.left += LINES_OF_ONE / 2;
    this.#held -= LINES_OF_ONE / 2;
  }

  #whole(): string[] {
    const texts: string[] = [];
    for (const [key, block] of this.#open) {
      if (!block.end && this.#held < LINES_HELD && this.#open.size < LINES_HELD) break;
      texts.push(this.#text(block));
      this.#open.delete(key);
      this.#held -= block.first.length + block.last.length;
    }
    return texts;
  }

  #text({ head, first, last, left, end }: Block): string {
    const { faint } = this.#style;
    const surplus = Math.max(0, last.length - LINES_OF_ONE / 2);
    const omitted = left + surplus;
    const what = [head.phase, head.action, place(head)].filter((word) => word !== undefined && word !== "");
    return [
      this.#head(head),
      `  ${what.join("  ")}`,
      ...(head.cmd === undefined ? [] : [`  $ ${visible(String(head.cmd))}`]),
      ...first,
      ...(omitted === 0 ? [] : [faint(`  ... ${plural(omitted, "line")} omitted; --format raw shows all`)]),
      ...last.slice(surplus),
      ...(end?.event === "command_end" ? [this.#endLine(end)] : head.id === undefined ? [] : [faint("  did not end")]),
      "",
    ].join("\n");
  }

  #endLine({ exit, duration_ms, reason, msg }: LogFields): string {
    const word = exit === 0 ? this.#style.good("ok") : this.#style.bad("FAIL");
    const why = [reason, msg].filter((text) => text !== undefined).map((text) => visible(String(text)));
    return `  ${[word, `exit=${exit ?? ""}`, duration(Number(duration_ms ?? 0)), ...why].join("  ")}`;
  }

  #head({ ts, maand, seq, run }: LogFields): string {
    const time = String(ts).replace("T", " ").slice(0, 19);
    const words = [time, maand, seq === undefined ? undefined : `seq=${seq}`, `run=${String(run ?? "").slice(0, 8)}`];
    return this.#style.faint(words.filter((word) => word !== undefined && word !== "").join("  "));
  }
}

function isOfCommand({ event, stream }: LogFields): boolean {
  return stream !== undefined || event === "command_begin" || event === "command_end";
}

/** Each line that belongs to no command is a separate block. */
function keyOf({ run, id, worker, job }: LogFields): string {
  return `${run} ${id ?? `${worker} ${job}`}`;
}

const HEAD = new Set(["ts", "level", "event", "run", "maand", "seq"]);

function more(fields: LogFields): string {
  const rest = Object.entries(fields).filter(([key, value]) => !HEAD.has(key) && value !== "-");
  return rest.map(([key, value]) => `  ${key}=${visible(String(value))}`).join("");
}

function place({ job, worker }: LogFields): string {
  const host = worker === "-" ? undefined : worker;
  return [job, host].filter((word) => word !== undefined).join("@");
}

function speaker(fields: LogFields): string {
  const name = place(fields);
  return name === "" ? "" : `${name} `;
}
