import { MaandError } from "@maand/core";
import { positionIn, reasonIn, remedyIn } from "@maand/gotemplate";

/**
 * The error of a template that cannot be rendered for an allocation on this worker, with the hint of the function that
 * failed.
 */
export function renderFailure(thrown: unknown, place: string, host: string): MaandError {
  const hint = remedyIn(thrown);
  return new MaandError({
    code: "RENDER_FAILED",
    message: `${positionIn(thrown, place)}: ${reasonIn(thrown)} (rendered for ${host})`,
    ...(hint === undefined ? {} : { hint }),
    worker: host,
    cause: thrown,
  });
}
