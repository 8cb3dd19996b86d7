import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const PROGRAM = ["cli", "command", "core"];

/** A copy of the built program that a test can change. It has no cache of compiled code. */
export interface CopiedProgram {
  /**
   * The directory with `node_modules`, in which `@maand/cli`, `command` and `core` are copies, and other packages are
   * links.
   */
  readonly root: string;
  /** The path of the command. */
  readonly program: string;
  dispose(): void;
}

/** Copies the built program. */
export function copiedProgram(): CopiedProgram {
  const root = mkdtempSync(join(tmpdir(), "maand-program-"));
  copyModules(root);
  const program = join(root, "node_modules/@maand/cli/bin/maand.js");
  return { root, program, dispose: () => rmSync(root, { recursive: true, force: true }) };
}

/** Fills `node_modules` of a directory. */
export function copyModules(root: string): void {
  const [from, to] = [join(REPOSITORY, "node_modules"), join(root, "node_modules")];
  mkdirSync(join(to, "@maand"), { recursive: true });
  for (const name of readdirSync(from).filter((name) => name !== "@maand"))
    symlinkSync(join(from, name), join(to, name));
  for (const name of readdirSync(join(from, "@maand")))
    if (!PROGRAM.includes(name)) symlinkSync(join(REPOSITORY, "packages", name), join(to, "@maand", name));
  for (const name of PROGRAM)
    for (const part of ["package.json", "bin", "dist"].filter((part) => part !== "bin" || name === "cli"))
      cpSync(join(REPOSITORY, "packages", name, part), join(to, "@maand", name, part), {
        recursive: true,
        filter: (path) => !/\/dist\/(compiled|book)$|\.map$|\.d\.ts$/.test(path),
      });
}
