import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../../docs/pages.ts";
import { type MachineWithoutNode, machineWithoutNode } from "../../support/bucket/machine-without-node.ts";

/** Tests the bundle and the Debian package of the release scripts on a machine without Node. */
let machine: MachineWithoutNode;
let files: string;
let bundle: string;

function make(script: string, ...args: readonly string[]): string {
  const options = ["--out", files, "--level", "1", ...args];
  return execFileSync(process.execPath, [join(ROOT, "scripts/release", script), ...options], {
    encoding: "utf8",
  }).trim();
}

beforeAll(() => {
  files = mkdtempSync(join(tmpdir(), "maand-release-"));
  machine = machineWithoutNode();
  bundle = make("bundle.mjs");
});

afterAll(() => {
  machine?.dispose();
  rmSync(files, { recursive: true, force: true });
});

/** Creates a bucket and deploys a job whose TypeScript command runs with the Node of maand. */
const FIRST_DEPLOY = `set -e
mkdir /srv/shop && cd /srv/shop
maand init
echo '[{ "host": "127.0.0.11", "transport": "local" }]' > workspace/workers.json
maand job create api --selectors worker --command command_seed --on post_build --lang ts
maand deploy --build
maand cat deployments --json`;

function expectFirstDeploy(): void {
  expect(machine.type("command -v node nodejs").code).not.toBe(0);
  expect(machine.type("/host/usr/bin/node --version").code).not.toBe(0);
  const { code, stdout, stderr } = machine.type(FIRST_DEPLOY);
  expect(code, stdout + stderr).toBe(0);
  expect(stdout).toContain('"rollout": "promoted"');
  rmSync(join(machine.root, "srv/shop"), { recursive: true });
}

describe("the bundle", () => {
  it("runs from a link in PATH after it is unpacked", () => {
    execFileSync("tar", ["-xzf", bundle, "-C", join(machine.root, "opt")]);
    const [name = ""] = readdirSync(join(machine.root, "opt"));
    expect(bundle).toBe(join(files, `${name}.tar.gz`));
    expect(machine.type(`ln -s /opt/${name}/bin/maand /usr/bin/maand`).code).toBe(0);
    const { stdout } = machine.type("maand --version --json");
    expect(JSON.parse(stdout)).toMatchObject({
      node_path: `/opt/${name}/node/bin/node`,
      node: process.versions.node,
      sqlite: expect.stringMatching(/^3\./),
      problem: null,
    });
    expectFirstDeploy();
    rmSync(join(machine.root, "usr/bin/maand"));
    rmSync(join(machine.root, "opt", name), { recursive: true });
  });

  it("passes arguments on unchanged, and keeps ignoring signals that were ignored, for example by nohup", () => {
    const directory = join(files, "launched");
    mkdirSync(join(directory, "node/bin"), { recursive: true });
    execFileSync("tar", ["-xzf", bundle, "-C", directory, "--strip-components=1", "--wildcards", "*/bin/maand"]);
    const show = '#!/bin/sh\necho "$MAAND_IGNORED_SIGNALS"\nfor word in "$@"; do echo "<$word>"; done\n';
    writeFileSync(join(directory, "node/bin/node"), show, { mode: 0o755 });
    const line = `trap '' HUP; exec ${directory}/bin/maand run_command 'a  b' -w \\*`;
    const [mask, program, ...words] = execFileSync("sh", ["-c", line], { encoding: "utf8" }).trimEnd().split("\n");
    expect(Number.parseInt(mask ?? "", 16) & 1).toBe(1);
    expect(program).toBe(`<${directory}/lib/node_modules/@maand/cli/bin/maand.js>`);
    expect(words).toEqual(["<run_command>", "<a  b>", "<-w>", "<*>"]);
  });
});

describe("the Debian package", () => {
  it("can be installed, runs with its own Node, and is removed completely", () => {
    const file = make("deb.mjs", "--bundle", bundle);
    const before = readdirSync(join(machine.root, "usr/bin"));
    machine.dpkg("-i", file);
    expect(readdirSync(join(machine.root, "usr/bin")).filter((name) => !before.includes(name))).toEqual(["maand"]);
    const { stdout } = machine.type("maand --version --json");
    expect(JSON.parse(stdout)).toMatchObject({ node_path: "/usr/lib/maand/node/bin/node", problem: null });
    expectFirstDeploy();
    const share = join(machine.root, "usr/share");
    expect(readFileSync(join(share, "bash-completion/completions/maand"), "utf8")).toContain("complete -");
    expect(gunzipSync(readFileSync(join(share, "man/man1/maand.1.gz"))).toString()).toContain("maand deploy");
    machine.dpkg("-r", "maand");
    expect(readdirSync(join(machine.root, "usr/bin"))).toEqual(before);
    expect(existsSync(join(machine.root, "usr/lib/maand"))).toBe(false);
  });
});
