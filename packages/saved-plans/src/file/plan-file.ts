import { MaandError } from "@maand/core";
import { contentHash, isRecord } from "@maand/core/internal";
import * as v from "valibot";
import { PLAN_FORMAT, type PlanBody, PlanSchema, type SavedPlan } from "./plan-schema.ts";

/** The plan with its digest: SHA-256 of everything else in the file. Equal plans have equal files. */
export function sealPlan(body: PlanBody): SavedPlan {
  const sealed = { maand_plan: PLAN_FORMAT, digest: "", ...body } as const;
  return { ...sealed, digest: digestOf(sealed) };
}

/** Converts a plan to the text of its file. */
export function planText(plan: SavedPlan): string {
  return `${JSON.stringify(plan)}\n`;
}

/**
 * Reads the text of a plan's file; `name` is for messages. Throws PLAN_INVALID if it is not a plan, is truncated, was
 * edited, or has a newer format version.
 */
export function readPlan(text: string, name: string): SavedPlan {
  const value = parsed(text, name);
  if (!isRecord(value) || !("maand_plan" in value)) throw invalid(`${name} is not a plan of maand`, MAKE_ONE);
  const { maand_plan: format } = value;
  if (typeof format !== "number" || !Number.isInteger(format) || format < 1)
    throw invalid(`${name} is not a plan of maand`, MAKE_ONE);
  if (format > PLAN_FORMAT)
    throw invalid(
      `${name} has format version ${format}, but this version of maand reads only up to ${PLAN_FORMAT}`,
      "use the version of maand that made it, or make the plan again with this one",
    );
  if (value.digest !== digestOf(value))
    throw invalid(`${name} was edited: its digest does not match its content`, MAKE_ONE);
  const checked = v.safeParse(PlanSchema, value);
  if (checked.success) return checked.output;
  const at = v.getDotPath(checked.issues[0]);
  throw invalid(`${name} is not a complete plan${at === null ? "" : `: ${at} is missing or wrong`}`, MAKE_ONE);
}

const MAKE_ONE = "make a plan with: maand plan --out plan.json";

function parsed(text: string, name: string): unknown {
  if (text.trim() === "") throw invalid(`${name} is empty`, MAKE_ONE);
  try {
    return JSON.parse(text);
  } catch {
    const why = text.trimStart().startsWith("{") ? "is truncated or damaged" : "is not a plan of maand";
    throw invalid(`${name} ${why}: it is not JSON`, MAKE_ONE);
  }
}

/** Ignores white space, so that a reformatted file is the same plan. */
function digestOf(plan: Readonly<Record<string, unknown>>): string {
  return contentHash(JSON.stringify({ ...plan, digest: "" }));
}

/** The error for an invalid plan. */
export function invalid(message: string, hint: string): MaandError {
  return new MaandError({ code: "PLAN_INVALID", message, hint });
}
