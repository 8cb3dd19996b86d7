import { styleText } from "node:util";

type Paint = (text: string) => string;

/** Colours with a meaning; without colour, each gives its text back. */
export interface Style {
  readonly good: Paint;
  readonly bad: Paint;
  readonly warn: Paint;
  readonly faint: Paint;
  readonly strong: Paint;
}

/** Colours for a stream: on a terminal only, and never with `--no-color` or `NO_COLOR`. */
export function styleFor(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
  noColor: boolean,
): Style {
  const wanted = stream.isTTY === true && !noColor && (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb";
  const paint = (format: Parameters<typeof styleText>[0]): Paint =>
    wanted ? (text) => styleText(format, text, { validateStream: false }) : (text) => text;
  return { good: paint("green"), bad: paint("red"), warn: paint("yellow"), faint: paint("dim"), strong: paint("bold") };
}
