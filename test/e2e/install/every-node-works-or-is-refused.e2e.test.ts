import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copiedProgram } from "../../support/bucket/copied-program.ts";
import { REPOSITORY } from "../../support/bucket/installation.ts";
import { MAAND } from "../../support/bucket/maand.ts";
import { unpackNode } from "../../support/bucket/node-versions.ts";

/**
 * Versions of Node that cannot run maand: without modules, without optional chaining, and the newest unsupported one.
 */
const TOO_OLD = ["8.16.2", "14.21.3", "18.20.8"];
const NEWER = ["22.23.5", "24.22.3"];

/** Whether to compile SQLite, which takes minutes for each version of Node. */
const COMPILES = process.env.MAAND_COMPILE === "1";

let place: string;
const nodes = new Map<string, string>();

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "maand-nodes-"));
  for (const version of [...TOO_OLD, ...NEWER])
    nodes.set(version, unpackNode(version, place, { headers: COMPILES && NEWER.includes(version) }));
  symlinkSync(join(REPOSITORY, "node_modules"), join(place, "node_modules")); // for plugins that are created there
});

afterAll(() => rmSync(place, { recursive: true, force: true }));

const programOf = (version: string) => join(nodes.get(version) ?? "", "bin/node");

/** Runs a JavaScript program with a version of Node. */
function runWith(version: string, args: readonly string[], cwd = place) {
  const env = { PATH: `${join(nodes.get(version) ?? "", "bin")}:${process.env.PATH}`, HOME: place, LANG: "C.UTF-8" };
  const { status, stdout, stderr } = spawnSync(programOf(version), args, { cwd, env, encoding: "utf8" });
  return { code: status, stdout, stderr };
}

it.each(TOO_OLD)("maand refuses to run with Node %s, and prints one sentence with a hint", (version) => {
  expect(runWith(version, [MAAND, "deploy"])).toEqual({
    code: 1,
    stdout: "",
    stderr:
      `maand: Node 20.19 or newer is needed, and ${programOf(version)} is v${version}\n` +
      "  hint: install a newer Node, or use the bundle or the Debian package of maand, which include Node\n",
  });
});

describe.each(NEWER)("with Node %s and SQLite compiled for another version", (version) => {
  it("commands that need no store work", () => {
    expect(runWith(version, [MAAND, "--help"])).toMatchObject({ code: 0, stderr: "" });
    const { stdout } = runWith(version, [MAAND, "--version", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ node: version, sqlite: null, problem: { code: "INSTALLATION_BROKEN" } });
    expect(runWith(version, [MAAND, "completion", "bash"])).toMatchObject({ code: 0, stderr: "" });
    const name = `plugin-of-${version.replaceAll(".", "-")}`;
    expect(runWith(version, [MAAND, "plugin", "create", name])).toMatchObject({ code: 0, stderr: "" });
    const compiler = join(REPOSITORY, "node_modules/typescript/bin/tsc");
    expect(runWith(version, [compiler, "-p", join(name, "tsconfig.build.json")])).toMatchObject({
      code: 0,
      stdout: "",
    });
    const load = `console.log("default" in (await import("${place}/${name}/dist/index.js")))`;
    expect(runWith(version, ["--input-type=module", "-e", load])).toMatchObject({ code: 0, stdout: "true\n" });
    const template = `
      import { parse } from "${REPOSITORY}packages/gotemplate/dist/index.js";
      console.log(parse('{{range .}}{{printf "%03d" .}} {{end}}').execute([1, 22]));`;
    expect(runWith(version, ["--input-type=module", "-e", template]).stdout).toBe("001 022 \n");
  });

  it("compiled code is kept only in private directories of the user", () => {
    const copy = copiedProgram();
    const cache = join(place, `cache-${version}`);
    const kept = () => ["programs", "compiled"].map((name) => readdirSync(join(cache, "maand", name)).length);
    const help = (env: NodeJS.ProcessEnv) =>
      spawnSync(programOf(version), [copy.program, "--help"], {
        env: { PATH: process.env.PATH, HOME: place, XDG_CACHE_HOME: cache, ...env },
      }).status;
    try {
      expect(help({})).toBe(0);
      expect(kept()).toEqual([1, 1]);
      expect(statSync(join(cache, "maand")).mode & 0o777).toBe(0o700);
      for (const name of ["programs", "compiled"]) rmSync(join(cache, "maand", name), { recursive: true });
      chmodSync(join(cache, "maand"), 0o777);
      expect(help({})).toBe(0);
      expect(readdirSync(join(cache, "maand"))).toEqual([]);
    } finally {
      copy.dispose();
    }
  });

  it("commands that need the store fail with one sentence and a hint", () => {
    const bucket = mkdtempSync(join(place, "bucket-"));
    const { code, stderr } = runWith(version, [MAAND, "init"], bucket);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(
        `^maand: better-sqlite3 cannot be loaded: it was built for another version of Node than v${version}\\n` +
          "  hint: cd .+ && npm rebuild better-sqlite3\\n$",
      ),
    );
  });
});

describe.skipIf(!COMPILES).each(NEWER)("with Node %s and SQLite compiled for it", (version) => {
  it("maand creates, plans and deploys a bucket", { timeout: 900_000 }, () => {
    const lib = join(place, `lib-${version}`);
    const closure = `
      import { copyClosure } from "${REPOSITORY}scripts/release/closure.mjs";
      copyClosure("${lib}");`;
    execFileSync(process.execPath, ["--input-type=module", "-e", closure]);
    const addon = "node_modules/better-sqlite3";
    const isSource = (path: string) => !path.startsWith(join(REPOSITORY, addon, "build"));
    rmSync(join(lib, addon), { recursive: true });
    cpSync(join(REPOSITORY, addon), join(lib, addon), { recursive: true, filter: isSource });
    const directory = nodes.get(version) ?? "";
    const env = {
      ...process.env,
      PATH: `${join(directory, "bin")}:${process.env.PATH}`,
      npm_config_nodedir: directory,
    };
    execFileSync("npm", ["rebuild", "better-sqlite3"], { cwd: lib, env, stdio: "pipe" });

    const bucket = join(place, `deployed-${version}`);
    mkdirSync(bucket);
    const maand = (...args: readonly string[]) => {
      const { code, stdout, stderr } = runWith(
        version,
        [join(lib, "node_modules/@maand/cli/bin/maand.js"), ...args],
        bucket,
      );
      expect(code, `${args.join(" ")}\n${stdout}${stderr}`).toBe(0);
      return stdout;
    };
    expect(JSON.parse(maand("--version", "--json"))).toMatchObject({ node: version, problem: null });
    maand("init");
    writeFileSync(join(bucket, "workspace/workers.json"), '[{ "host": "127.0.0.11", "transport": "local" }]');
    maand(
      "job",
      "create",
      "api",
      "--selectors",
      "worker",
      "--command",
      "command_seed",
      "--on",
      "post_build",
      "--lang",
      "ts",
    );
    writeFileSync(
      join(bucket, "workspace/jobs/api/app.conf.tpl"),
      '{{ range split (get "maand/job/api" "workers") "," }}{{ . }} {{ end }}\n',
    );
    maand("build");
    expect(maand("plan", "--json")).toContain('"action": "start"');
    maand("deploy");
    expect(maand("doctor")).toContain("no problems found");
  });
});
