import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blocksOf, page, ROOT } from "../../docs/pages.ts";
import { missingLines } from "../../docs/tutorial.ts";
import { pluginPages, type TypingPlace, typePage } from "../../docs/type-page.ts";
import { type Installation, install } from "../../support/bucket/installation.ts";
import { INITIALISED } from "../../support/bucket/scratch.ts";

/** Every page for authors of plugins, typed in an empty directory, with the packages as they are published. */
let installation: Installation;
let place: TypingPlace;
let accounts: string;

beforeAll(() => {
  installation = install("@maand/cli", "valibot", "vitest");
  const bin = join(installation.place, "node_modules/.bin");
  place = {
    directory: join(installation.place, "typed"),
    programs: bin,
    authority: join(process.env[INITIALISED] ?? "", "secrets"),
    modules: join(installation.place, "node_modules"),
  };
  accounts = mkdtempSync(join(tmpdir(), "maand-accounts-"));
  chmodSync(accounts, 0o711);
}, 240_000);

afterAll(() => {
  installation?.dispose();
  rmSync(accounts, { recursive: true, force: true });
});

describe.each(pluginPages(ROOT))("%s", (path) => {
  it("says of each file how it is called", () => {
    const nameless = blocksOf(page(path)).filter(({ info }) => /^(ts|json|toml)$/.test(info));
    expect(nameless.map(({ code }) => code)).toEqual([]);
  });

  it("can be typed to its end, and prints what it shows", { timeout: 240_000 }, async () => {
    const { code, printed, steps } = await typePage(path, place, { "/srv/accounts": join(accounts, "srv") });
    expect(code, printed).toBe(0);
    for (const { prints, output } of steps) expect(missingLines(prints, output), output).toEqual([]);
  });
});
