// npm run bundle: writes release/maand-<version>-linux-<arch>.tar.gz, a directory with maand and its own Node, for
// machines without Node.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { releaseOptions } from "./options.mjs";
import { stage, VERSION } from "./stage.mjs";

const { out, level } = releaseOptions();
const name = `maand-${VERSION}-linux-${process.arch}`;
const place = mkdtempSync(join(tmpdir(), "maand-bundle-"));
try {
  mkdirSync(join(place, name));
  stage(join(place, name));
  const file = join(out, `${name}.tar.gz`);
  const owner = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=u+rwX,go+rX,go-w"];
  execFileSync("tar", [...owner, "-C", place, `--use-compress-program=gzip -n -${level}`, "-cf", file, name]);
  console.log(file);
} finally {
  rmSync(place, { recursive: true });
}
