// Fills the directory that the bundle and the Debian package contain: maand, its dependencies, and its own Node.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { COMMAND, copyClosure, manifestIn, REPOSITORY } from "./closure.mjs";
import { fetchNode } from "./node-runtime.mjs";

export const VERSION = manifestIn(join(REPOSITORY, "packages/cli")).version;

/** The paths of the completion scripts in the directory. */
export const COMPLETIONS = { bash: "share/bash/maand", zsh: "share/zsh/_maand", fish: "share/fish/maand.fish" };
export const MANUAL = "share/man/maand.1";

/**
 * Fills an empty directory: `bin/maand`, `node/bin/node`, `lib/node_modules`, completions and a manual. The included
 * Node has the same version as the Node that runs this script, because the native parts were compiled for it.
 */
export function stage(directory) {
  copyClosure(join(directory, "lib"));
  fetchNode(process.versions.node, join(directory, "node"));
  mkdirSync(join(directory, "bin"));
  writeFileSync(join(directory, "bin/maand"), launcher(), { mode: 0o755 });
  for (const file of ["LICENSE", "CHANGELOG.md"]) cpSync(join(REPOSITORY, file), join(directory, file));
  const maand = (...args) => execFileSync(join(directory, "bin/maand"), args, { cwd: directory, encoding: "utf8" });
  for (const shell of Object.keys(COMPLETIONS)) write(join(directory, COMPLETIONS[shell]), maand("completion", shell));
  write(join(directory, MANUAL), manual(maand("--help")));
}

/** A launcher like the beginning of bin/maand.js, but with the included Node instead of the one in PATH. */
function launcher() {
  const script = readFileSync(join(REPOSITORY, "packages/cli/bin/maand.js"), "utf8");
  const signals = /^if \[ -r [\s\S]*?^fi$/m.exec(script)?.[0];
  if (signals === undefined) throw new Error("bin/maand.js has no part that looks up signals");
  return `#!/bin/sh
# maand, with the Node beside it. Ignored signals are looked up here, since Node resets them before it runs anything.
file=$(readlink -f "$0")
root=\${file%/bin/maand}
${signals}
exec "$root/node/bin/node" "$root/lib/node_modules/${COMMAND}/bin/maand.js" "$@"
`;
}

/** The manual page: the output of maand --help. */
function manual(help) {
  const text = help
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^(?=[.'])/gm, "\\&");
  return `.TH MAAND 1 "" "maand ${VERSION}"
.SH NAME
maand \\- deploy and run services on Linux machines over ssh
.SH SYNOPSIS
.B maand
.I command
.RI [ flags ]
.SH DESCRIPTION
.nf
${text.trimEnd()}
.fi
.SH FILES
The directory of a bucket: maand.conf, workspace/, data/, secrets/, logs/.
.SH SEE ALSO
.B maand docs
prints the documentation of this version, without a network.
`;
}

function write(file, text) {
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text);
}
