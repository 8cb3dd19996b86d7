import { now } from "../data/clock.ts";
import { agoText, clockText } from "../model/time-text.ts";

/** The age of a moment, with the exact time as the title. */
export function Ago({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} title={at}>
      {agoText(now.value - Date.parse(at))}
    </time>
  );
}

/** The time of day of a moment. */
export function Clock({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} title={at}>
      {clockText(at, now.peek())}
    </time>
  );
}
