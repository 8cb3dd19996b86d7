import { Fault } from "../fault.ts";
import { print } from "../format/print.ts";
import { sortedEntries } from "../value/map.ts";
import { isList, kindOf } from "../value/value.ts";

/** The iterations of a range: `length` iterations, each with an index or key and an element. */
export interface Rounds {
  readonly length: number;
  at(round: number): readonly [index: unknown, element: unknown];
}

/** The iterations of a range over a value; nil has no iterations. Throws a Fault for a value that is not iterable. */
export function roundsOf(value: unknown): Rounds {
  if (isList(value)) return { length: value.length, at: (round) => [round, value[round] ?? null] };
  const kind = kindOf(value);
  if (kind === "map") return roundsOver(sortedEntries(value));
  if (kind === "invalid" || kind === "nil") return roundsOver([]);
  throw new Fault(`range can't iterate over ${kind === "func" ? "a function" : print([value], MESSAGE_LIMIT)}`);
}

const MESSAGE_LIMIT = 1024 * 1024;

function roundsOver(entries: readonly (readonly [unknown, unknown])[]): Rounds {
  return { length: entries.length, at: (round) => entries[round] ?? [undefined, undefined] };
}
