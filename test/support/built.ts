import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { copyAuthority } from "../../packages/cli/src/run/typed.test.support.ts";
import { MAAND } from "./bucket/maand.ts";
import { PACKED } from "./bucket/packed-once.ts";
import { INITIALISED } from "./bucket/scratch.ts";
import { startTestStore } from "./postgres/test-store.ts";

/** The variable that scripts/setup.sh sets after it has built all bundles. */
const JUST_BUILT = "MAAND_JUST_BUILT";

/**
 * Runs before the end-to-end tests. Builds the packages from the current sources, and creates a bucket that all tests
 * copy. packed-once.ts packs the packages for the first test that needs them.
 */
export default async function setup(): Promise<() => Promise<void>> {
  if (process.env[INITIALISED] !== undefined) return async () => {}; // another project of this run has already done this
  if (process.env[JUST_BUILT] === undefined)
    execFileSync(process.execPath, [fileURLToPath(new URL("../../scripts/bundle.mjs", import.meta.url))], {
      stdio: "inherit",
    });
  const root = mkdtempSync(join(tmpdir(), "maand-e2e-init-"));
  await copyAuthority(root);
  execFileSync(process.execPath, [MAAND, "init"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  process.env[INITIALISED] = root; // the processes of the tests inherit it
  const packed = mkdtempSync(join(tmpdir(), "maand-e2e-packed-"));
  process.env[PACKED] = packed;
  const endStore = await startTestStore();
  return async () => {
    await endStore();
    for (const directory of [root, packed]) rmSync(directory, { recursive: true, force: true });
  };
}
