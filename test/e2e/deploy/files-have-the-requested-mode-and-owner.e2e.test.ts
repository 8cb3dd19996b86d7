import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { type FleetBucket, withFleetBucket } from "../../support/bucket/fleet-bucket.ts";
import { localJob, RECORDING_MAKEFILE, type Scratch, scratch } from "../../support/bucket/scratch.ts";
import { ACCOUNT } from "../../support/fleet/account.ts";
import { ensureGuest, GUEST } from "../../support/fleet/guest.ts";

const MIB = 1024 * 1024;
const FILES = { "app.conf": { mode: "0640", owner: GUEST, group: GUEST }, "bin.d/*": { mode: "0750" } };
const LIST = 'cd "$1" && find . -type f ! -path "./data/*" -exec stat -c "%n %a %U:%G" {} + | sort';

function api(bucket: Scratch, files: object, more: Readonly<Record<string, string>> = {}): void {
  const manifest = { selectors: ["worker"], restart_policy: "reload", restart_globs: ["*.conf"], files };
  bucket.job("api", manifest, { Makefile: RECORDING_MAKEFILE, "app.conf": "1", "bin.d/run": "#!/bin/sh\n", ...more });
}

async function deploys(bucket: Scratch): Promise<string> {
  const { code, stdout, stderr } = await bucket.maand("deploy", "--build");
  expect(code, stderr).toBe(0);
  return `${stdout}${stderr}`.replace(/\s+/g, " ");
}

/** The files of job api on the only worker, such as `./app.conf 640 app:app`. */
async function listed({ workers: [worker], directory }: FleetBucket): Promise<string[]> {
  const { stdout } = (await worker?.run(["sh", "-c", LIST, "sh", directory("api")])) ?? { stdout: "" };
  return stdout.trim().split("\n");
}

it("the runner and rsync set modes, with or without changed content, and reset them to the default", async () => {
  await ensureGuest();
  await withFleetBucket({ count: 1 }, async (fixture) => {
    const { bucket } = fixture;
    const usual = ["./Makefile 644 root:root", "./certs/ca.crt 644 root:root", "./manifest.json 644 root:root"];
    api(bucket, FILES);
    await deploys(bucket);
    const rules = [`./app.conf 640 ${GUEST}:${GUEST}`, "./bin.d/run 750 root:root", ...usual];
    expect(await listed(fixture)).toEqual(rules.sort());

    const big = { "big.bin": "x".repeat(2 * MIB), "app.conf": "2" };
    api(bucket, FILES, big);
    await deploys(bucket);
    expect(await listed(fixture)).toEqual([...rules, "./big.bin 644 root:root"].sort());

    api(bucket, { "*.conf": { mode: "0604" } }, big);
    expect((await bucket.maand("build")).code).toBe(0);
    const { stdout } = await bucket.maand("deploy", "--dry-run");
    expect(stdout).toMatch(/app\.conf \(mode 0640 -> 0604, owner maandguest -> default, /);
    await deploys(bucket);
    const back = ["./app.conf 604 root:root", "./bin.d/run 644 root:root", "./big.bin 644 root:root", ...usual];
    expect(await listed(fixture)).toEqual(back.sort());
  });
});

it("secret_files_mode changes only files with secrets, and does not copy their content again", () =>
  withFleetBucket({ count: 1 }, async (fixture) => {
    const { bucket, conf, workers, directory } = fixture;
    const commands = { command_secret: { executed_on: ["pre_deploy"] } };
    bucket.job(
      "api",
      { selectors: ["worker"], commands },
      {
        Makefile: RECORDING_MAKEFILE,
        "app.conf.tpl": 'password={{ getSecret "pw" }}\n',
        "plain.conf.tpl": "worker={{ .WorkerIP }}\n",
        "_modules/command_secret.py": 'import maand\nmaand.put_job_secret("pw", "s3cret-of-api")\n',
      },
    );
    await deploys(bucket);
    const inode = async () => (await workers[0]?.run(["stat", "-c", "%i", `${directory("api")}/app.conf`]))?.stdout;
    const before = await inode();
    expect(await listed(fixture)).toContain("./app.conf 644 root:root");
    bucket.write("maand.conf", `${conf}secret_files_mode = "0600"\n`);
    const { stdout } = await bucket.maand("deploy", "--dry-run");
    expect(stdout).toContain("1 file changed: app.conf (mode 0644 -> 0600)");
    await deploys(bucket);
    expect(await listed(fixture)).toEqual(
      expect.arrayContaining(["./app.conf 600 root:root", "./plain.conf 644 root:root"]),
    );
    expect(await inode()).toBe(before);
    expect((await bucket.maand("deploy", "--dry-run", "--exit-code")).code).toBe(0);
  }));

it("a deploy reports an unknown or forbidden owner with a hint, and starts nothing", () =>
  withFleetBucket({ count: 1 }, async ({ bucket, conf, workers: [worker], lifecycles }) => {
    api(bucket, { "app.conf": { owner: "nosuchuser" } });
    const unknown = await bucket.maand("deploy", "--build");
    expect(unknown.code).toBe(1);
    expect(unknown.stderr.replace(/\s+/g, " ")).toMatch(
      /files of api cannot be owned by nosuchuser: there is no such user or group.*create it there, or change "files" in workspace\/jobs\/api\/manifest\.json/,
    );

    await worker?.run(["chown", "-R", ACCOUNT, "/opt/worker"]);
    bucket.write("maand.conf", `${conf.replace("use_sudo = true", "use_sudo = false")}`);
    api(bucket, { "app.conf": { owner: "root" } });
    const refused = await bucket.maand("deploy", "--build");
    expect(refused.code).toBe(1);
    expect(refused.stderr.replace(/\s+/g, " ")).toMatch(
      /files of api cannot be owned by root: the login user is not allowed to change owners.*set use_sudo = true/,
    );
    expect(await lifecycles("api")).toEqual([[]]);

    api(bucket, { "app.conf": { mode: "0600", owner: ACCOUNT } });
    await deploys(bucket);
    expect(await lifecycles("api")).toEqual([["start 0.0.0 0.0.0"]]);
  }));

it("a deploy to a local worker sets modes and owners", async () => {
  await ensureGuest();
  const bucket = await scratch('transport = "local"\n');
  try {
    bucket.workers({ host: "127.0.0.11" });
    api(bucket, FILES);
    await deploys(bucket);
    const place = localJob(bucket, "127.0.0.11", "api") ?? "";
    const list = () => execFileSync("sh", ["-c", LIST, "sh", place], { encoding: "utf8" }).split("\n");
    expect(list()).toEqual(expect.arrayContaining([`./app.conf 640 ${GUEST}:${GUEST}`, "./bin.d/run 750 root:root"]));
    api(bucket, {});
    await deploys(bucket);
    expect(list()).toEqual(expect.arrayContaining(["./app.conf 644 root:root", "./bin.d/run 644 root:root"]));
  } finally {
    bucket.dispose();
  }
});
