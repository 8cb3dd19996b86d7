import { describe, expect, it } from "vitest";

interface Ask {
  readonly host: string;
  readonly at: number;
  readonly version: string | undefined;
}

interface Figures {
  readonly asked: number;
  readonly failed: number;
  readonly versions: ReadonlyMap<string, number>;
  readonly hosts: readonly { readonly host: string; readonly away: readonly { from: number; to: number }[] }[];
  readonly together: number;
  readonly between: number;
}

const { href } = new URL("../scripts/demo/figures.mjs", import.meta.url);
const { figuresOf }: { figuresOf: (asks: readonly Ask[]) => Figures } = await import(href);

/** Rounds of asks, ten milliseconds apart; one text per host: its version in each round, or `-` for no answer. */
function rounds(...hosts: readonly string[]): Ask[] {
  return [...(hosts[0] ?? "")].flatMap((_, round) =>
    hosts.map((text, index) => ({
      host: `w${index + 1}`,
      at: round * 10,
      version: text[round] === "-" ? undefined : text[round],
    })),
  );
}

describe("figures of a client that asks while workers are upgraded", () => {
  it("counts answers by version, and failures", () => {
    const { asked, failed, versions } = figuresOf(rounds("11-22", "111-2"));
    expect({ asked, failed, versions: [...versions] }).toEqual({
      asked: 10,
      failed: 2,
      versions: [
        ["1", 5],
        ["2", 3],
      ],
    });
  });

  it("holds a worker for away from the first failure to the next answer", () => {
    expect(figuresOf(rounds("1--2-2")).hosts).toMatchObject([
      {
        away: [
          { from: 10, to: 30 },
          { from: 40, to: 50 },
        ],
      },
    ]);
    expect(figuresOf(rounds("1-")).hosts).toMatchObject([{ away: [{ from: 10, to: Number.POSITIVE_INFINITY }] }]);
  });

  it("finds two workers away at once", () => {
    expect(figuresOf(rounds("1--22", "11--2")).together).toBe(10);
    expect(figuresOf(rounds("1---2", "11-22")).together).toBe(10);
    expect(figuresOf(rounds("1---", "----", "1111")).together).toBe(Number.POSITIVE_INFINITY);
  });

  it("finds none when one comes back in the moment the other leaves, or later", () => {
    expect(figuresOf(rounds("1-222", "11-22"))).toMatchObject({ together: 0, between: 0 });
    expect(figuresOf(rounds("1-22222", "1111-22", "1111111"))).toMatchObject({ together: 0, between: 20 });
    expect(figuresOf(rounds("1-2-2", "11111"))).toMatchObject({ together: 0, between: Number.POSITIVE_INFINITY });
  });
});
