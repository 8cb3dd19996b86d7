import { describe, expect, it } from "vitest";
import { mergedLines } from "./merged-lines.ts";
import { withSetting } from "./write-store-setting.ts";

describe("merging a file that several machines change", () => {
  const merged = (before: string, here: string, there: string) => mergedLines({ before, here, there });

  it("takes the lines of the side that changed them", () => {
    expect(merged("a\n", "a\n", "a\nb\n")).toBe("a\nb\n");
    expect(merged("a\n", "a\nb\n", "a\n")).toBe("a\nb\n");
    expect(merged("a\n", "", "a\n")).toBe("");
    expect(merged("", "", "a\n")).toBe("a\n");
  });

  it("takes the lines of both sides if both changed them", () => {
    expect(merged("a\n", "a\nmine\n", "a\ntheirs\n")).toBe("a\ntheirs\nmine\n");
    expect(merged("old\nb\n", "new\nb\n", "old\nb\nc\n")).toBe("b\nc\nnew\n");
    expect(merged("a\n", "b\n", "b\n")).toBe("b\n");
  });
});

describe("the `store` setting in maand.conf", () => {
  const URL = "postgres://u@h/d";

  it("is written after the comment that init wrote, or else at the beginning of the file", () => {
    expect(withSetting('a = 1\n# store = "sqlite"\nb = 2\n', URL)).toBe(
      `a = 1\n# store = "sqlite"\nstore = "${URL}"\nb = 2\n`,
    );
    expect(withSetting("#:schema x\n[logs]\nkeep_runs = 10\n", URL)).toBe(
      `#:schema x\nstore = "${URL}"\n[logs]\nkeep_runs = 10\n`,
    );
    expect(withSetting("", URL)).toBe(`store = "${URL}"\n`);
  });

  it("is replaced or removed without other changes to the file", () => {
    expect(withSetting('store = "sqlite"\nstore_timeout = 3\n', URL)).toBe(`store = "${URL}"\nstore_timeout = 3\n`);
    expect(withSetting(`store_timeout = 3\nstore = "${URL}"\nb = 1\n`, undefined)).toBe("store_timeout = 3\nb = 1\n");
    expect(withSetting("store_timeout = 3\n", undefined)).toBe("store_timeout = 3\n");
    expect(withSetting('store = "x"\n', "postgres://$&@h/d")).toBe('store = "postgres://$&@h/d"\n');
  });

  it.each(['"store" = "sqlite"\n', "'store' = 'sqlite'\n", ' "store"="sqlite"\n'])(
    "replaces a quoted key: %s",
    (line) => {
      expect(withSetting(`a = 1\n${line}b = 2\n`, URL)).toBe(`a = 1\nstore = "${URL}"\nb = 2\n`);
      expect(withSetting(`a = 1\n${line}b = 2\n`, undefined)).toBe("a = 1\nb = 2\n");
    },
  );

  it("leaves a key of the same name in a table alone", () => {
    const table = '[acme]\nstore = "its own"\n';
    expect(withSetting(`a = 1\n${table}`, URL)).toBe(`store = "${URL}"\na = 1\n${table}`);
    expect(withSetting(`a = 1\n${table}`, undefined)).toBe(`a = 1\n${table}`);
    expect(withSetting(`store = "sqlite"\n${table}`, undefined)).toBe(table);
  });
});
