// npm run deb: writes release/maand_<version>_<architecture>.deb. The package installs everything in /usr/lib/maand,
// including its own Node, so it neither needs nor changes the package nodejs.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { releaseOptions } from "./options.mjs";
import { COMPLETIONS, MANUAL, stage, VERSION } from "./stage.mjs";

const ARCHITECTURES = { x64: "amd64", arm64: "arm64" };
const architecture = ARCHITECTURES[process.arch];
if (architecture === undefined) throw new Error(`there is no Node for ${process.arch} in the npm registry`);

const { out, level, bundle } = releaseOptions();
const root = mkdtempSync(join(tmpdir(), "maand-deb-"));
try {
  const program = join(root, "usr/lib/maand");
  mkdirSync(program, { recursive: true });
  if (bundle === undefined) stage(program);
  else execFileSync("tar", ["-xzf", bundle, "-C", program, "--strip-components=1", "--no-same-owner"]);
  link(join(root, "usr/bin/maand"), "../lib/maand/bin/maand");
  move(join(program, COMPLETIONS.bash), join(root, "usr/share/bash-completion/completions/maand"));
  move(join(program, COMPLETIONS.zsh), join(root, "usr/share/zsh/vendor-completions/_maand"));
  move(join(program, COMPLETIONS.fish), join(root, "usr/share/fish/vendor_completions.d/maand.fish"));
  compress(join(program, MANUAL), join(root, "usr/share/man/man1/maand.1.gz"));
  compress(join(program, "CHANGELOG.md"), join(root, "usr/share/doc/maand/changelog.gz"));
  move(join(program, "LICENSE"), join(root, "usr/share/doc/maand/copyright"));
  rmSync(join(program, "share"), { recursive: true });
  mkdirSync(join(root, "DEBIAN"));
  writeFileSync(join(root, "DEBIAN/control"), control(sizeOf(root)));
  execFileSync("chmod", ["-R", "u+rwX,go+rX,go-w", root]);
  const file = join(out, `maand_${VERSION}_${architecture}.deb`);
  // gzip, because releases before Debian 12 cannot read zstd, and xz takes minutes
  execFileSync("dpkg-deb", ["--root-owner-group", "-Zgzip", `-z${level}`, "--build", root, file], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  console.log(file);
} finally {
  rmSync(root, { recursive: true });
}

function control(kibibytes) {
  return `Package: maand
Version: ${VERSION}
Architecture: ${architecture}
Maintainer: maand <maand@localhost>
Installed-Size: ${kibibytes}
Depends: libc6 (>= ${libcVersion()}), libstdc++6, libgcc-s1, rsync
Recommends: git, openssh-client, python3
Section: admin
Priority: optional
Description: deploys and runs services on Linux machines over ssh
 maand deploys jobs to ordinary Linux machines over ssh, without agents and
 without a control plane, in small batches with health checks between them.
 .
 This package contains its own Node.js in /usr/lib/maand. It neither needs
 nor changes an installed Node.js.
`;
}

/** The libc version of this machine, with which the native parts were compiled. */
function libcVersion() {
  return execFileSync("getconf", ["GNU_LIBC_VERSION"], { encoding: "utf8" }).trim().replace("glibc ", "");
}

function link(path, target) {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

function move(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  renameSync(from, to);
}

function compress(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, gzipSync(readFileSync(from), { level: 9 }));
  rmSync(from);
}

function sizeOf(directory) {
  return Number(execFileSync("du", ["-sk", "--apparent-size", directory], { encoding: "utf8" }).split("\t")[0]);
}
