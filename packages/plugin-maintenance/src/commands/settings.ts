import { checkConcurrency } from "@maand/command/on-workers";
import { MaandError } from "@maand/core";
import { parseDuration } from "@maand/core/toolbox";
import { type FailureLimit, parseFailureLimit } from "../domain/failure-limit.ts";

/** The maintenance settings as typed; a setting is absent if it was not typed. */
export interface TypedSettings {
  readonly concurrency: string | undefined;
  readonly onFailure: string | undefined;
  readonly timeout: string | undefined;
  readonly runTimeout: string | undefined;
}

/** The same settings, checked. */
export interface Settings {
  readonly concurrency?: number;
  readonly onFailure?: FailureLimit;
  readonly returnMs?: number;
  readonly commandMs?: number;
}

/** Parses the maintenance settings. Throws USAGE for the first invalid setting. */
export function settingsOf({ concurrency, onFailure, timeout, runTimeout }: TypedSettings): Settings {
  return {
    ...(concurrency === undefined ? {} : { concurrency: concurrencyOf(concurrency) }),
    ...(onFailure === undefined ? {} : { onFailure: limitOf(onFailure) }),
    ...(timeout === undefined ? {} : { returnMs: durationOf("--timeout", timeout) }),
    ...(runTimeout === undefined ? {} : { commandMs: durationOf("--run-timeout", runTimeout) }),
  };
}

function concurrencyOf(text: string): number {
  const concurrency = Number(text);
  checkConcurrency(concurrency);
  return concurrency;
}

function limitOf(text: string): FailureLimit {
  const limit = parseFailureLimit(text);
  if (limit !== undefined) return limit;
  const hint = "use stop, continue, a number of workers such as 2, or a share of them such as 10%";
  throw new MaandError({ code: "USAGE", message: `--on-failure does not accept "${text}"`, hint });
}

function durationOf(flag: string, text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new MaandError({
    code: "USAGE",
    message: `${flag} does not accept "${text}"`,
    hint: "use for example 90s, 15m or 1h",
  });
}
