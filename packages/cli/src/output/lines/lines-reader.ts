import type { ProgressReader } from "@maand/command";
import type { MaandEvent } from "@maand/core";
import { eventLines } from "../deploy/lines.ts";
import type { ReaderPlace } from "../deploy/progress-mode.ts";
import { fold } from "../progress/fold.ts";
import { NOTHING_YET } from "../progress/model.ts";
import { ciGroups } from "./ci-groups.ts";
import { foldedLines, type Printed } from "./folded-lines.ts";
import { heartbeatLine } from "./heartbeat.ts";

/** How long equal lines of many workers are held. */
const HELD_MS = 1000;
/** A line is printed after such a time without one. */
const SILENCE_MS = 30_000;

type Place = Pick<ReaderPlace, "stderr" | "env" | "style" | "quiet">;

/** Prints one line per event; equal lines of many workers are one with a count. */
export function linesReader({ stderr, env, style, quiet }: Place): ProgressReader {
  const columns = () => (stderr.isTTY === true ? stderr.columns : undefined);
  const linesOf = eventLines({ style, quiet, columns });
  const folded = foldedLines(style);
  const groups = quiet ? undefined : ciGroups(env);
  let model = NOTHING_YET;
  let last: MaandEvent | undefined;
  let held: NodeJS.Timeout | undefined;
  let silence: NodeJS.Timeout | undefined;

  function print(all: readonly Printed[]): void {
    for (const { event, lines } of all) printLines(event, lines);
  }

  function printLines(event: MaandEvent, lines: readonly string[]): void {
    const text = groups?.text(event, lines) ?? lines.map((line) => `${line}\n`).join("");
    if (text !== "") stderr.write(text);
    if (lines.length > 0) listen();
  }

  function printHeld(): void {
    held = undefined;
    print(folded.flush());
  }

  /** Begins to wait for the next line. */
  function listen(): void {
    clearTimeout(silence);
    silence = quiet || model.isOver || model.command === "" ? undefined : setTimeout(beat, SILENCE_MS);
    silence?.unref();
  }

  function beat(): void {
    if (last) printLines(last, [style.faint(heartbeatLine(model, Date.now()))]);
  }

  function read(event: MaandEvent): void {
    if (!quiet) model = fold(model, event);
    last = event;
    print(folded.add(event, linesOf(event)));
    if (event.type === "run.started" || model.isOver) listen();
    if (held !== undefined || !folded.isHolding()) return;
    held = setTimeout(printHeld, HELD_MS);
    held.unref();
  }

  return Object.assign(read, {
    end() {
      clearTimeout(held);
      clearTimeout(silence);
      print(folded.flush());
      clearTimeout(silence);
      const text = groups?.end() ?? "";
      if (text !== "") stderr.write(text);
      last = undefined;
    },
  });
}
