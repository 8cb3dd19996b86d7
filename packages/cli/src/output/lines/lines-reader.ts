import type { ProgressReader } from "@maand/command";
import type { MaandEvent } from "@maand/core";
import type { PrintedLines } from "@maand/core/toolbox";
import { backPressureOf } from "../back-pressure.ts";
import { eventLines } from "../deploy/lines.ts";
import type { ReaderPlace } from "../deploy/progress-mode.ts";
import { fold, foldLines } from "../progress/fold.ts";
import { NOTHING_YET } from "../progress/model.ts";
import { ciGroups } from "./ci-groups.ts";
import { foldedLines, type Printed } from "./folded-lines.ts";
import { heartbeatLine } from "./heartbeat.ts";

/** How long equal lines of many workers are held. */
const HELD_MS = 1000;
/** A heartbeat line is printed after this time without any line. */
const SILENCE_MS = 30_000;

type Place = Pick<ReaderPlace, "stderr" | "env" | "style" | "quiet">;

/** Prints one line per event. Equal lines of many workers become one line with a count. */
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
    const text = all.map(textOf).join("");
    if (text !== "") stderr.write(text);
    if (all.some(({ lines }) => lines.length > 0)) listen();
  }

  function textOf({ event, lines }: Printed): string {
    if (groups) return groups.text(event, lines);
    return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
  }

  function printHeld(): void {
    held = undefined;
    print(folded.flush());
  }

  /** Starts the wait for the next line. After {@link SILENCE_MS} without a line, a heartbeat line is printed. */
  function listen(): void {
    clearTimeout(silence);
    silence = quiet || model.isOver || model.command === "" ? undefined : setTimeout(beat, SILENCE_MS);
    silence?.unref();
  }

  function beat(): void {
    if (last) print([{ event: last, lines: [style.faint(heartbeatLine(model, Date.now()))] }]);
  }

  function read(event: MaandEvent): void {
    if (!quiet) model = fold(model, event);
    last = event;
    print(folded.add(event, linesOf(event)));
    if (event.type === "run.started" || model.isOver) listen();
    printHeldSoon();
  }

  function readLines(printed: PrintedLines): void {
    if (!quiet) model = foldLines(model, printed);
    last = printed.first;
    print(folded.addLines(printed, linesOf.printed(printed)));
    printHeldSoon();
  }

  function printHeldSoon(): void {
    if (held !== undefined || !folded.isHolding()) return;
    held = setTimeout(printHeld, HELD_MS);
    held.unref();
  }

  return Object.assign(read, {
    readLines,
    backPressure: backPressureOf(stderr),
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
