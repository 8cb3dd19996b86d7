import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { type Block, ROOT } from "./pages.ts";

/** A block that shows one tap; `PRELUDE` declares the other names that it uses. */
const TAP = "ts tap";

const PRELUDE = `import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { error, type Hooks, MaandError, programRemote } from "@maand/core";
declare const hooks: Hooks;
`;

/** The files next to the scripts of job commands. */
const LIBRARY = join(ROOT, "packages/plugin-job-commands/lib/maand.ts");

/**
 * Compiles the TypeScript of pages, and returns the output of the compiler. A block can have a file name after its language, so
 * that other blocks of its page can import it.
 */
export function typeCheck(blocks: readonly Block[]): string[] {
  const directory = mkdtempSync(join(tmpdir(), "maand-docs-"));
  try {
    symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"));
    writeFileSync(join(directory, "package.json"), JSON.stringify({ type: "module" }));
    writeFileSync(
      join(directory, "tsconfig.json"),
      JSON.stringify({
        extends: join(ROOT, "tsconfig.check.json"),
        compilerOptions: { noUnusedLocals: false, types: ["node"] },
        include: ["**/*.ts"],
      }),
    );
    for (const [at, { page, info, code }] of blocks.entries()) {
      const isTap = info === TAP;
      const name = (isTap ? undefined : info.split(" ")[1]) ?? `block-${at}.ts`;
      const file = join(directory, page.replace(/\W/g, "-"), name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, isTap ? `${PRELUDE}${code}` : code);
      if (basename(file).startsWith("command_")) cpSync(LIBRARY, join(dirname(file), "maand.ts"));
    }
    // errors in the repository itself are reported by its own check
    return compilerOutput(directory)
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("..") && !line.startsWith(" "));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The compiler's output for the project in a directory. Uses one core, because several take a third more CPU time from other tests. */
export function compilerOutput(directory: string): string {
  const args = ["-p", directory, "--pretty", "false", "--singleThreaded"];
  const { stdout, error } = spawnSync(join(ROOT, "node_modules/.bin/tsc"), args, { cwd: directory, encoding: "utf8" });
  if (error) throw error;
  return stdout;
}
