import { type StateSign, signOf } from "../model/signs.ts";

/** A state: its symbol, coloured by level, and its words. The symbol distinguishes states without colour. */
export function Sign({ sign, text, level, tile = false }: StateSign & { readonly tile?: boolean }) {
  return (
    <span class={`sign ${level}${tile ? " tile" : ""}`}>
      <span class="mark" aria-hidden="true">
        {sign}
      </span>
      {text}
    </span>
  );
}

/** The symbol of a state in a table of symbols. */
export function StateOf({
  table,
  state,
  tile = false,
}: {
  readonly table: Readonly<Record<string, StateSign>>;
  readonly state: string;
  readonly tile?: boolean;
}) {
  return <Sign {...signOf(table, state)} tile={tile} />;
}
