import { MaandError, pluginWithOptions } from "@maand/core";
import * as v from "valibot";

const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

const time = v.pipe(
  v.string("must be text"),
  v.regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, "must be a time, such as 15:00"),
);

const options = v.object({
  /** The windows without deploys: days, each with a start and an end; both default to midnight. */
  windows: v.optional(
    v.array(
      v.object({
        day: v.picklist(DAYS, `must be one of ${DAYS.join(", ")}`),
        from: v.optional(time, "00:00"),
        until: v.optional(time, "24:00"),
      }),
    ),
    [{ day: "friday", from: "15:00" }],
  ),
  /** The time zone, such as Europe/Berlin; default: the time zone of this machine. */
  timeZone: v.optional(v.pipe(v.string("must be text"), v.check(isTimeZone, "is not a time zone"))),
  /** The environment variable with the reason to deploy anyway. */
  override: v.optional(v.string("must be text"), "MAAND_THAW"),
});

/** Refuses deploys on Fridays after 15:00, or in other windows. Uses the clock of the run. */
export const freezeWindow = freezeWindowIn(process.env);

/** Like `freezeWindow`, with another environment, for tests. */
export function freezeWindowIn(environment: NodeJS.ProcessEnv) {
  return pluginWithOptions({
    name: "freeze-window",
    options,
    apply({ begin }, { windows, timeZone, override }) {
      begin.tap("freeze-window", ({ now, log }) => {
        const { day, time: at } = localTime(now(), timeZone);
        const window = windows.find((one) => one.day === day && one.from <= at && at < one.until);
        if (!window) return;
        const reason = environment[override]?.trim();
        if (!reason) throw frozen(`${window.day} from ${window.from} until ${window.until}`, at, override);
        log(`deploying on ${window.day} at ${at}, in a freeze window: ${reason}`);
      });
    },
  });
}

function frozen(window: string, at: string, override: string): MaandError {
  return new MaandError({
    code: "NOT_PERMITTED",
    message: `no deploys on ${window}; it is ${at}`,
    hint: `deploy later, or give a reason to deploy now: ${override}="..." maand deploy`,
  });
}

function localTime(now: Date, timeZone: string | undefined): { readonly day: string; readonly time: string } {
  const how = { weekday: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone } as const;
  const parts = new Intl.DateTimeFormat("en-GB", how).formatToParts(now);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "";
  return { day: part("weekday").toLowerCase(), time: `${part("hour")}:${part("minute")}` };
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export default freezeWindow;
