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

/** Uses colour only on a terminal, and never against NO_COLOR. */
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
