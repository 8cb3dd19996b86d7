import { isMaandError, MaandError } from "@maand/core";
import { TemplateError } from "@maand/gotemplate";

/** Where in a template something is wrong: `workspace/jobs/api/app.conf.tpl:3:8`, both counted from 1 as editors do. */
export function positionOf(thrown: unknown, place: string): string {
  return thrown instanceof TemplateError ? `${place}:${thrown.line}:${thrown.column + 1}` : place;
}

/** The reason of an error, without the position and the prefix that Go adds. */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if (!(thrown instanceof TemplateError)) return thrown.message;
  const prefix = `template: ${thrown.name}:${thrown.line}:${thrown.column}: `;
  const bare = thrown.message.startsWith(prefix) ? thrown.message.slice(prefix.length) : thrown.message;
  return bare.replace(`executing "${thrown.name}" at `, "at ").replace(/: error calling (\w+): /, ": $1: ");
}

/** The error of a template that cannot be rendered for an allocation on this worker, with the hint of the function that failed. */
export function renderFailure(thrown: unknown, place: string, host: string): MaandError {
  const cause = thrown instanceof TemplateError ? thrown.cause : thrown;
  const hint = isMaandError(cause) ? cause.hint : undefined;
  return new MaandError({
    code: "RENDER_FAILED",
    message: `${positionOf(thrown, place)}: ${reasonOf(thrown)} (rendering it for ${host})`,
    ...(hint === undefined ? {} : { hint }),
    worker: host,
    cause: thrown,
  });
}
