// npm run pictures: draws the pictures in docs/pictures from real runs on workers with a real sshd. Needs root and a
// build. run.mjs runs it in a separate network, in which the workers have the addresses used in the documentation.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REPOSITORY } from "../../scripts/book/chapters.mjs";
import { writeBucket } from "./bucket.mjs";
import { scenesOf } from "./scenes.mjs";
import { SCHEMES, svgOf } from "./svg.mjs";
import { screenOf } from "./terminal.mjs";

const HOSTS = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"];
const PICTURES = join(REPOSITORY, "docs/pictures");

const { createJiti } = createRequire(join(REPOSITORY, "package.json"))("jiti");
const jiti = createJiti(REPOSITORY);
const { withFleet } = await jiti.import(join(REPOSITORY, "test/support/fleet/fleet.ts"));

const place = mkdtempSync(join(tmpdir(), "maand-pictures-"));
const root = join(place, "shop");
const path = `${join(place, "bin")}:${process.env.PATH}`;
try {
  mkdirSync(root);
  mkdirSync(join(place, "bin"));
  symlinkSync(join(REPOSITORY, "packages/cli/bin/maand.js"), join(place, "bin/maand"));
  await withFleet({ count: HOSTS.length, addresses: HOSTS }, takeAll);
} finally {
  rmSync(place, { recursive: true });
}

async function takeAll(fleet) {
  await type("maand init");
  writeBucket(root, fleet);
  await type("maand deploy --build");
  mkdirSync(PICTURES, { recursive: true });
  for (const { name, title, line, before, ...how } of scenesOf(root, type)) {
    await before();
    const screen = await screenOf(line, { cwd: root, path, ...how });
    for (const scheme of Object.keys(SCHEMES))
      writeFileSync(join(PICTURES, `${name}-${scheme}.svg`), svgOf(screen, title, scheme));
    console.log(name);
  }
}

/** Types a command that no picture shows, and throws if it does not exit with this code. */
async function type(line, code = 0) {
  const env = { HOME: root, PATH: path, LANG: "C.UTF-8" };
  const { status, stdout, stderr } = spawnSync("sh", ["-c", line], { cwd: root, env, encoding: "utf8" });
  if (status !== code) throw new Error(`"${line}" exited with ${status}\n${stdout}${stderr}`);
}
