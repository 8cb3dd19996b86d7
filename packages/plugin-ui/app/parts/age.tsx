import { now } from "../data/clock.ts";
import { agoText, clockText } from "../model/time-text.ts";

/** A moment, as its age; the exact time is its title. */
export function Ago({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} title={at}>
      {agoText(now.value - Date.parse(at))}
    </time>
  );
}

/** A moment, as the time of day. */
export function Clock({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} title={at}>
      {clockText(at, now.peek())}
    </time>
  );
}
