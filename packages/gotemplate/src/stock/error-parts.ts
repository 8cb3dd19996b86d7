import { TemplateError } from "../error.ts";

/** The place of an error in a template: `app.conf.tpl:3:8`, both counted from 1, as in editors. */
export function positionIn(thrown: unknown, place: string): string {
  return thrown instanceof TemplateError ? `${place}:${thrown.line}:${thrown.column + 1}` : place;
}

/** The reason of an error, without the position and the prefix that Go adds. */
export function reasonIn(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if (!(thrown instanceof TemplateError)) return thrown.message;
  const prefix = `template: ${thrown.name}:${thrown.line}:${thrown.column}: `;
  const bare = thrown.message.startsWith(prefix) ? thrown.message.slice(prefix.length) : thrown.message;
  return bare.replace(`executing "${thrown.name}" at `, "at ").replace(/: error calling (\w+): /, ": $1: ");
}

/** The hint from the failed function: the `remedy` or `hint` of its error. */
export function remedyIn(thrown: unknown): string | undefined {
  const cause = thrown instanceof TemplateError ? thrown.cause : thrown;
  if (!(cause instanceof Error)) return undefined;
  const found = "remedy" in cause ? cause.remedy : "hint" in cause ? cause.hint : undefined;
  return typeof found === "string" ? found : undefined;
}
