import { styleText } from "node:util";

type Paint = (text: string) => string;

/** Colours by meaning; without colour, each function returns its text unchanged. */
export interface Style {
  readonly good: Paint;
  readonly bad: Paint;
  readonly warn: Paint;
  readonly faint: Paint;
  readonly strong: Paint;
}

/**
 * Uses colour on a terminal, and elsewhere with `FORCE_COLOR` (`0` switches it off); never against `NO_COLOR` or `--no-color`. Cyan
 * and bold red, rather than green and red, can be told apart by colour-blind people, and every outcome is a word as well.
 */
export function styleFor(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
  noColor: boolean,
): Style {
  const isRefused = noColor || (env.NO_COLOR ?? "") !== "";
  const wanted = !isRefused && (forced(env.FORCE_COLOR) ?? (stream.isTTY === true && env.TERM !== "dumb"));
  const paint = (format: Parameters<typeof styleText>[0]): Paint =>
    wanted ? (text) => styleText(format, text, { validateStream: false }) : (text) => text;
  return {
    good: paint("cyan"),
    bad: paint(["bold", "red"]),
    warn: paint("yellow"),
    faint: paint("dim"),
    strong: paint("bold"),
  };
}

function forced(value: string | undefined): boolean | undefined {
  return value === undefined ? undefined : !/^(0|false)$/i.test(value);
}
