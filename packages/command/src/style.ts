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
 * Uses colour on a terminal, and elsewhere with `FORCE_COLOR` (`0` switches it off), but never with `NO_COLOR` or
 * `--no-color`. It uses cyan and bold red instead of green and red, which colour-blind people can distinguish. Every
 * outcome is also shown as a word.
 */
export function styleFor(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
  noColor: boolean,
): Style {
  const isRefused = noColor || (env.NO_COLOR ?? "") !== "";
  const wanted = !isRefused && (forced(env.FORCE_COLOR) ?? (stream.isTTY === true && env.TERM !== "dumb"));
  const paint = (format: Parameters<typeof styleText>[0]): Paint => {
    if (!wanted) return (text) => text;
    // computed once, because a live screen paints thousands of texts
    const [before, after] = styleText(format, "\0", { validateStream: false }).split("\0");
    return (text) => `${before}${text}${after}`;
  };
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
