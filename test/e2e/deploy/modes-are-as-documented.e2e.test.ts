import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAAND } from "../../support/bucket/maand.ts";
import { type Fleet, startFleet } from "../../support/fleet/index.ts";

const PAGE = readFileSync(new URL("../../../docs/files.md", import.meta.url), "utf8");

interface Rule {
  readonly path: RegExp;
  readonly modes: readonly string[];
  /** The number of literal characters of the pattern. The rule with the most literal characters applies. */
  readonly exact: number;
}

/** The rules in a table of docs/files.md. `<path>` matches any path, and another name in angle brackets matches any name. */
function rules(heading: string): Rule[] {
  const [, section = ""] = PAGE.split(`\n## ${heading}\n`);
  const [table = ""] = section.split("\n## ");
  return table.split("\n").flatMap((line) => {
    const [, paths = "", modes = ""] = line.split("|");
    const octal = modes.match(/\b0\d{3}\b/g)?.map((mode) => mode.slice(1)) ?? [];
    if (octal.length === 0) return [];
    return [...paths.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => ({
      path: new RegExp(
        `^${path
          .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
          .replace("<path>", ".+")
          .replace(/<[^>]+>/g, "[^/]+")}$`,
      ),
      modes: octal,
      exact: path.replace(/<[^>]+>/g, "").length,
    }));
  });
}

/** Lines of `find -printf '%m %U %P%y\n'` that no rule allows, or that have another owner. */
function offenders(found: string, table: readonly Rule[], owner: number): string[] {
  return found
    .split("\n")
    .filter((line) => line !== "")
    .filter((line) => {
      const [, mode = "", uid, path = "", type] = /^(\d+) (\d+) (.*)([fdl])$/.exec(line) ?? [];
      const name = type === "d" ? `${path}/` : path;
      const [rule] = table.filter((one) => one.path.test(name)).sort((a, b) => b.exact - a.exact);
      return !rule?.modes.includes(mode.padStart(3, "0")) || Number(uid) !== owner;
    });
}

/** A configuration with an ECDSA key for the CA, because creating an RSA key takes seconds. */
const QUICK_AUTHORITY = `
  import { certs } from "@maand/plugin-certs";
  export default { plugins: [["defaults", { remove: ["certs"] }], certs({ caKey: "ecdsa-p256" })] };`;

const FIND = ["-mindepth", "1", "-printf", "%m %U %P%y\\n"];

let fleet: Fleet;
let place: string;
beforeAll(async () => {
  fleet = await startFleet({
    count: 1,
    // commands on the worker start with a umask that hides everything from other users
    sshdConfig: [`ForceCommand umask 077; exec sh -c "$SSH_ORIGINAL_COMMAND"`],
  });
  place = mkdtempSync(join(tmpdir(), "maand-modes-"));
});
afterAll(async () => {
  rmSync(place, { recursive: true, force: true });
  await fleet.close();
});

describe.each([
  ["000", "rsync", 600_000], // too large for a runner
  ["022", "a runner", 10],
  ["077", "rsync", 600_000],
])("with umask %s and %s", (umask, _, bytes) => {
  it("all files of maand in a bucket and on workers have the documented mode and owner", async () => {
    const root = join(place, umask);
    mkdirSync(root);
    const maand = (...args: readonly string[]) => {
      const words = [`umask ${umask}; exec "$@"`, "sh", process.execPath, MAAND, ...args];
      const { status, stderr } = spawnSync("sh", ["-c", ...words], { cwd: root, encoding: "utf8" });
      expect([args, status, stderr.slice(status === 0 ? stderr.length : 0)]).toEqual([args, 0, ""]);
    };
    writeFileSync(join(root, "maand.config.mjs"), QUICK_AUTHORITY);
    maand("init");
    rmSync(join(root, "maand.config.mjs"));
    rmSync(join(root, "maand.conf"));
    maand("init");
    writeFileSync(
      join(root, "maand.conf"),
      `${fleet.conf}worker_root = "/opt/worker/${umask}/w"\ncerts_key = "ecdsa-p256"\n`,
    );
    const workers = [...fleet.workersJson(), { host: "127.0.0.11", transport: "local", labels: ["worker"] }];
    writeFileSync(join(root, "workspace/workers.json"), JSON.stringify(workers));
    maand("worker_facts");
    maand("job", "create", "api", "--selectors", "worker");
    maand("job", "create", "api", "--command", "command_note", "--on", "post_deploy", "--lang", "py");
    const manifest = join(root, "workspace/jobs/api/manifest.json");
    const certs = { certs: { web: { pkcs8: true, subject: { common_name: "api" } } } };
    writeFileSync(manifest, JSON.stringify({ ...JSON.parse(readFileSync(manifest, "utf8")), ...certs }));
    mkdirSync(join(root, "workspace/jobs/api/conf/deep"), { recursive: true });
    writeFileSync(join(root, "workspace/jobs/api/conf/deep/run"), "#!/bin/sh\n", { mode: 0o700 });
    writeFileSync(join(root, "workspace/jobs/api/large.bin"), "x".repeat(bytes));
    maand("deploy", "--build");
    maand("build");
    maand("gc");

    const mine = "^(workspace/jobs/api/(conf|large)|data/local/[^/]+/[^/]+/)";
    const here = spawnSync("find", [root, ...FIND], { encoding: "utf8" }).stdout.split("\n");
    const bucket = here.filter((line) => !new RegExp(mine).test(line.split(" ").slice(2).join(" "))).join("\n");
    expect(offenders(bucket, rules("In the bucket"), process.getuid?.() ?? 0)).toEqual([]);

    const onWorker = rules("On a worker");
    const local = spawnSync(
      "sh",
      ["-c", `cd ${root}/data/local/*/*/ && find . ${FIND.map((word) => `'${word}'`).join(" ")}`],
      {
        encoding: "utf8",
      },
    );
    expect(local.stdout).toContain("jobs/api/certs/web.key");
    expect(offenders(withoutData(local.stdout), onWorker, process.getuid?.() ?? 0)).toEqual([]);
    const [worker] = fleet.workers;
    const remote = await worker?.run(["sh", "-c", `cd /opt/worker/${umask}/w/*/ && find . "$@"`, "sh", ...FIND]);
    expect(remote?.stdout).toContain("jobs/api/certs/web.key");
    expect(offenders(withoutData(remote?.stdout ?? ""), onWorker, 0)).toEqual([]);
    const above = await worker?.run(["stat", "-c", "%a %U", `/opt/worker/${umask}/w`, `/opt/worker/${umask}`]);
    expect(above?.stdout).toBe("755 root\n755 root\n");
  });
});

/** Removes the lines of files that a job writes, because those may have any mode. */
function withoutData(found: string): string {
  return found
    .split("\n")
    .filter((line) => !/ jobs\/[^/]+\/(data|logs|bin)(\/|d$)/.test(line))
    .join("\n");
}
