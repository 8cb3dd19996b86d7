import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parser, refusal } from "./command-lines.ts";
import { allPages, ROOT } from "./pages.ts";

interface Cell {
  readonly text: string;
  readonly color?: number;
  readonly bold?: boolean;
  readonly dim?: boolean;
}
interface Drawing {
  svgOf(screen: { columns: number; rows: readonly (readonly Cell[])[] }, title: string, scheme: string): string;
  readonly SCHEMES: Readonly<Record<string, object>>;
}
const { svgOf, SCHEMES }: Drawing = await import(new URL("../../website/pictures/svg.mjs", import.meta.url).href);

const PICTURES = join(ROOT, "docs/pictures");
const cells = (text: string, style: Omit<Cell, "text"> = {}): Cell[] =>
  [...text].map((one) => ({ text: one, ...style }));

describe("the picture of a terminal", () => {
  const screen = {
    columns: 20,
    rows: [
      [...cells("ok", { color: 6, bold: true }), ...cells("   a<b & c ")],
      cells("  "),
      cells("  x", { dim: true }),
    ],
  };
  const svg = svgOf(screen, 'run "1"', "light");
  const texts = [...svg.matchAll(/<text ([^>]*)>([^<]*)<\/text>/g)].map(([, attributes = "", text]) => ({
    text,
    style: /class="([^"]*)"/.exec(attributes)?.[1] ?? "",
    x: Number(/x="([\d.]+)"/.exec(attributes)?.[1]),
    y: Number(/y="([\d.]+)"/.exec(attributes)?.[1]),
    length: Number(/textLength="([\d.]+)"/.exec(attributes)?.[1]),
  }));

  it("draws adjacent cells of one style as one escaped text, at their position and with their width", () => {
    expect(texts.map(({ text, style }) => [text, style])).toEqual([
      ["ok", "c6 b"],
      ["a&lt;b &amp; c", ""],
      ["x", "d"],
    ]);
    const [ok, middle, x] = texts;
    const width = (ok?.length ?? 0) / 2;
    expect(middle?.x).toBeCloseTo((ok?.x ?? 0) + 5 * width, 1);
    expect(x?.x).toBeCloseTo((ok?.x ?? 0) + 2 * width, 1);
    expect((x?.y ?? 0) - (ok?.y ?? 0)).toBe(2 * 19);
    expect(middle?.length).toBeCloseTo(7 * width, 1);
  });

  it("has the same content in the light and the dark version, in different colours", () => {
    const withoutColors = (text: string) => text.replace(/#[0-9a-f]{6}/g, "#");
    expect(withoutColors(svgOf(screen, "t", "dark"))).toBe(withoutColors(svgOf(screen, "t", "light")));
    expect(svgOf(screen, "t", "dark")).not.toBe(svgOf(screen, "t", "light"));
  });

  it.each(Object.entries(SCHEMES))(
    "uses only colours with a contrast ratio of at least 4.5 to the page: %s",
    (_, scheme) => {
      const { page, frame: _frame, ...colors } = scheme as Record<string, string>;
      const low = Object.entries(colors).filter(([, color]) => contrast(color, page ?? "") < 4.5);
      expect(low).toEqual([]);
    },
  );
});

describe("the pictures of the documentation", () => {
  const files = readdirSync(PICTURES).filter((file) => file.endsWith(".svg"));
  const pages = allPages().filter(({ path }) => path === "README.md" || path.startsWith("docs/"));

  it("exist in light and dark, and appear on a page with an alternative text", () => {
    const names = [...new Set(files.map((file) => file.replace(/-(light|dark)\.svg$/, "")))];
    expect(files).toEqual(names.flatMap((name) => [`${name}-dark.svg`, `${name}-light.svg`]));
    const shown = pages.flatMap(({ text }) => [
      ...text.matchAll(
        /<picture>\n.*srcset="[^"]*pictures\/([\w-]+)-dark\.svg">\n.*pictures\/\1-light\.svg" alt="[^"]{20,}">\n<\/picture>/g,
      ),
    ]);
    expect([...new Set(shown.map(([, name = ""]) => name))].sort()).toEqual(names);
  });

  it("load no files and contain no scripts", () => {
    const wrong = files.filter((file) =>
      /<script|<image|href|url\(|@import|https?:(?!\/\/www\.w3\.org\/2000\/svg")/.test(
        readFileSync(join(PICTURES, file), "utf8"),
      ),
    );
    expect(wrong).toEqual([]);
  });

  it("show commands that exist (otherwise: npm run pictures)", async () => {
    const known = await parser();
    const lines = files.flatMap((file) => {
      const found = [...readFileSync(join(PICTURES, file), "utf8").matchAll(/>\$ (maand [^<]*)</g)];
      return found.map(([, line = ""]) => line);
    });
    expect(lines.length).toBeGreaterThanOrEqual(files.length);
    expect(lines.map((line) => [line, refusal(line, known)]).filter(([, why]) => why !== undefined)).toEqual([]);
  });

  it("are made by an existing script", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const [, file = ""] = /^node (\S+) pictures$/.exec(scripts.pictures) ?? [];
    expect(existsSync(join(ROOT, file))).toBe(true);
  });
});

/** The contrast of two colours, from 1 to 21, as WCAG defines it. */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
