import type { ActionRequest } from "../contract.ts";
import { wrong } from "../server/query.ts";

/** The maximum number of names in one request. */
const MOST_NAMES = 5_000;
const LONGEST = 300;

/** Parses the body of a request as an action. Throws 400 for an invalid body. */
export function actionIn(body: unknown): ActionRequest {
  const fields = recordIn(body);
  const { verb } = fields;
  const confirm = fields.confirm === undefined ? {} : { confirm: text(fields, "confirm") };
  switch (verb) {
    case "deploy":
      return { verb, plan: text(fields, "plan"), ...confirm };
    case "rollback":
      return {
        verb,
        job: text(fields, "job"),
        ...(fields.to === undefined ? {} : { to: text(fields, "to") }),
        ...confirm,
      };
    case "pause": {
      const action = oneOf(fields, "action", ["interrupt", "resume", "abort"]);
      return action === "interrupt"
        ? { verb, action, ...confirm }
        : { verb, action, job: text(fields, "job"), ...confirm };
    }
    case "maintain":
      return { ...maintain(fields), ...confirm };
    default:
      throw wrong("verb must be one of: deploy, rollback, pause, maintain");
  }
}

/** The names in an optional list of a request. */
export function namesIn(body: unknown, key: string): string[] {
  const value = recordIn(body)[key];
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > MOST_NAMES) throw wrong(`${key} must be a list of names`);
  return value.map((name: unknown) => checked(name, key));
}

function maintain(fields: Readonly<Record<string, unknown>>): Extract<ActionRequest, { verb: "maintain" }> {
  const action = oneOf(fields, "action", ["begin", "resume", "abort"]);
  if (action !== "begin") return { verb: "maintain", action };
  const { reboot = false, keep_drained = false, concurrency } = fields;
  if (typeof reboot !== "boolean" || typeof keep_drained !== "boolean")
    throw wrong("reboot and keep_drained must be true or false");
  if (concurrency !== undefined && typeof concurrency !== "number") throw wrong("concurrency must be a number");
  const workers = namesIn(fields, "workers");
  return {
    verb: "maintain",
    action,
    workers,
    reboot,
    keep_drained,
    ...(concurrency === undefined ? {} : { concurrency }),
  };
}

function recordIn(body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw wrong("the body must be a JSON object");
  return { ...body };
}

function text(fields: Readonly<Record<string, unknown>>, key: string): string {
  return checked(fields[key], key);
}

function checked(value: unknown, key: string): string {
  if (typeof value === "string" && value !== "" && value.length <= LONGEST) return value;
  throw wrong(`${key} must be a string of at most ${LONGEST} characters`);
}

function oneOf<T extends string>(fields: Readonly<Record<string, unknown>>, key: string, words: readonly T[]): T {
  const word = words.find((one) => one === fields[key]);
  if (word !== undefined) return word;
  throw wrong(`${key} must be one of: ${words.join(", ")}`);
}
