import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { localJob, type Scratch, scratch } from "../../support/bucket/scratch.ts";
import { type Fleet, startFleet } from "../../support/fleet/index.ts";

/** A change that an operator makes on a worker after a first deploy, and the expected effect of the next deploy. */
interface Case {
  readonly job: string;
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Additional files of the job and of its next version, besides `app.conf` and `conf/a`. */
  readonly files?: Readonly<Record<string, string>>;
  readonly next?: Readonly<Record<string, string>>;
  /** A script that runs in the job's directory. `$1` is that directory, and `$2` a directory outside with a file `precious`. */
  readonly arrange: string;
  /** The beginning of the expected refusal; undefined if the deploy succeeds. */
  readonly refused?: string;
  /** A script that prints the state to compare afterwards. */
  readonly look: string;
  readonly expected: string;
}

const CASES: readonly Case[] = [
  {
    job: "linked-job",
    arrange: 'echo mine > data/db; rm -r "$2"; mv "$1" "$2"; ln -s "$2" "$1"',
    look: 'test -L "$1" && cat "$1/app.conf" "$2/data/db"',
    expected: "new\nmine\n",
  },
  {
    job: "linked-elsewhere",
    arrange: 'mkdir "$2/photos"; mv "$1" "$1.moved"; ln -s "$2" "$1"',
    refused: "jobs/linked-elsewhere leads to a directory that maand did not create: it contains",
    look: 'ls "$2"',
    expected: "photos\nprecious\n",
  },
  {
    job: "linked-nowhere",
    arrange: 'mv "$1" "$1.moved"; ln -s "$2/unmounted" "$1"',
    refused: "jobs/linked-nowhere is a link that does not lead to a directory",
    look: 'cat "$1.moved/app.conf"; ls "$2"',
    expected: "old\nprecious\n",
  },
  {
    job: "linked-directory",
    arrange: 'rm -r conf; ln -s "$2" conf; echo kept > "$2/a"',
    refused: "jobs/linked-directory/conf is a symbolic link where a directory belongs",
    look: 'cat app.conf "$2/a"; ls "$2"',
    expected: "old\nkept\na\nprecious\n",
  },
  {
    job: "linked-file",
    arrange: 'rm app.conf; ln -s "$2/precious" app.conf',
    refused: "jobs/linked-file/app.conf is a symbolic link where a file belongs",
    look: 'cat "$2/precious"; test -L app.conf; cat conf/a',
    expected: "precious\nold\n",
  },
  {
    job: "stray-link",
    arrange: 'ln -s "$2" stray; ln -s "$2" data/mine',
    look: 'cat app.conf; ls "$2"; ls -d data/mine; test ! -e stray',
    expected: "new\nprecious\ndata/mine\n",
  },
  {
    job: "stray-mount",
    arrange: 'mkdir -p var/up; mount --bind "$2" var/up',
    refused: "jobs/stray-mount/var/up is a mount point and is not among the job's files",
    look: 'cat app.conf; ls "$2"; umount var/up',
    expected: "old\nprecious\n",
  },
  {
    job: "mounted-data",
    arrange: 'mount --bind "$2" data',
    look: 'cat app.conf; ls "$2"; umount data',
    expected: "new\nlifecycle\nprecious\n",
  },
  {
    job: "mounted-keep",
    manifest: { keep: ["up loads/"] },
    arrange: 'mkdir "up loads"; mount --bind "$2" "up loads"',
    look: 'cat app.conf; ls "$2"; umount "up loads"',
    expected: "new\nprecious\n",
  },
  {
    job: "mounted-directory",
    arrange: 'mount --bind "$2" conf',
    refused: "jobs/mounted-directory/conf is a mount point and contains jobs/mounted-directory/conf/precious",
    look: 'cat app.conf; ls "$2"; umount conf',
    expected: "old\nprecious\n",
  },
  {
    job: "kept-in-the-way",
    manifest: { keep: ["*.pid"] },
    files: { "thing/a": "x" },
    next: { thing: "a file now" },
    arrange: "mkdir thing/run; echo 1 > thing/run/x.pid; touch thing/run/y",
    refused: `jobs/kept-in-the-way/thing is a directory where a file belongs, but "keep" in its manifest protects`,
    look: "cat app.conf; ls thing thing/run",
    expected: "old\nthing:\na\nrun\n\nthing/run:\nx.pid\ny\n",
  },
];

const PLAIN: Case = { job: "plain", arrange: "true", look: "cat app.conf", expected: "new\n" };

/** A file that is too large for a runner, so that rsync syncs the job. */
const LARGE = { "large.bin": "x".repeat(600_000) };

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({ count: 1 });
});
afterAll(() => fleet.close());

/** A bucket with one worker, and functions that run scripts on it as root. */
interface Place {
  readonly bucket: Scratch;
  /** Runs a script in a job's directory; `$1` and `$2` as in {@link Case}. */
  run(job: string, script: string): Promise<string>;
  /** Unmounts the file systems of a failed test. */
  unmountAll(): Promise<void>;
}

const UNMOUNT = 'while read -r _ at _; do case $at in "$1"/*) umount -l "$at" ;; esac; done </proc/mounts';

let opened = 0;

async function overSsh(): Promise<Place> {
  opened += 1;
  const root = `/opt/worker/b${opened}`; // the buckets of tests are copies with the same id
  const bucket = await scratch(`${fleet.conf}worker_root = "${root}"\n`);
  bucket.workers(...fleet.workersJson());
  const { bucket_id: id } = await bucket.json<{ bucket_id: string }>("info");
  return {
    bucket,
    async run(job, script) {
      const directory = `${root}/${id}/jobs/${job}`;
      const words = ["sh", "-c", inDirectory(script), "sh", directory, `${root}/outside/${job}`];
      const { code, stdout, stderr } = (await fleet.workers[0]?.run(words)) ?? { code: 1, stdout: "", stderr: "" };
      expect([job, code, stderr]).toEqual([job, 0, ""]);
      return stdout;
    },
    async unmountAll() {
      await fleet.workers[0]?.run(["sh", "-c", UNMOUNT, "sh", "/opt/worker"]);
    },
  };
}

async function onThisMachine(): Promise<Place> {
  const bucket = await scratch('transport = "local"\n');
  bucket.workers({ host: "127.0.0.11" });
  return {
    bucket,
    async run(job, script) {
      const directory = localJob(bucket, "127.0.0.11", job) ?? "";
      const words = ["-c", inDirectory(script), "sh", directory, join(bucket.root, "outside", job)];
      return execFileSync("sh", words, { encoding: "utf8" });
    },
    async unmountAll() {
      execFileSync("sh", ["-c", UNMOUNT, "sh", bucket.root]);
    },
  };
}

/** A script that runs in the job's directory, if it exists. */
function inDirectory(script: string): string {
  return `set -e; [ ! -d "$1" ] || cd "$1"; ${script}`;
}

function write({ bucket }: Place, one: Case, text: "old" | "new", more: Readonly<Record<string, string>>): void {
  if (text === "new") bucket.removeJob(one.job);
  const files = text === "new" ? { ...one.files, ...one.next } : one.files;
  const left = Object.entries(files ?? {}).filter(([path]) => !(text === "new" && isBelow(path, one.next ?? {})));
  bucket.job(
    one.job,
    { selectors: ["worker"], ...one.manifest },
    { "app.conf": `${text}\n`, "conf/a": "old\n", ...Object.fromEntries(left), ...more },
  );
}

const isBelow = (path: string, files: Readonly<Record<string, string>>) => Object.hasOwn(files, dirname(path));

describe.each([
  ["rsync", overSsh, LARGE],
  ["a runner", overSsh, {}],
  ["a local worker", onThisMachine, {}],
])("with %s", (_, open, more) => {
  let place: Place;
  beforeEach(async () => {
    place = await open();
  });
  afterEach(async () => {
    await place.unmountAll();
    place.bucket.dispose();
  });

  const deploy = () => ends(place, "deploy", "--build");
  const simple = (job: string, text = "old") => write(place, { ...PLAIN, job }, text === "old" ? "old" : "new", more);

  it("a deploy deletes nothing behind links and mount points of an operator", async () => {
    for (const one of CASES) write(place, one, "old", more);
    expect(await deploy()).toMatchObject({ code: 0 });
    for (const one of CASES) await place.run(one.job, `mkdir -p "$2"; echo precious > "$2/precious"; ${one.arrange}`);
    for (const one of CASES) write(place, one, "new", more);
    const { code, text } = await deploy();
    const found = await Promise.all(CASES.map(async ({ job, look }) => [job, await place.run(job, look)]));
    expect(found).toEqual(CASES.map(({ job, expected }) => [job, expected]));
    for (const { refused } of CASES) if (refused !== undefined) expect(text).toContain(refused);
    expect(code).toBe(1);
    expect(text).toContain(`${CASES.filter(({ refused }) => refused === undefined).length} promoted`);
  });

  it.each([
    ["jobs", '"$1/.."'],
    ["the bucket's directory", '"$1/../.."'],
  ])("a deploy follows a link in place of %s", async (__, path) => {
    simple("api");
    expect(await deploy()).toMatchObject({ code: 0 });
    const from = `at=$(cd ${path} && pwd); cd /; far="$at.moved"`;
    await place.run("api", `echo mine > data/db; ${from}; mv "$at" "$far"; ln -s "$far" "$at"`);
    simple("api", "new");
    expect(await deploy()).toMatchObject({ code: 0 });
    expect(await place.run("api", `cat app.conf data/db; at=$(cd -L ${path} && pwd -L); test -L "$at"`)).toBe(
      "new\nmine\n",
    );
  });

  it("a deploy deletes only the files of maand and of the job when it removes a job", async () => {
    for (const job of ["mounted", "linked", "data-linked", "data-mounted"]) simple(job);
    expect(await deploy()).toMatchObject({ code: 0 });
    const outside = 'mkdir -p "$2"; echo precious > "$2/precious"';
    await place.run("mounted", `${outside}; mkdir up; mount --bind "$2" up`);
    await place.run("linked", 'mkdir -p "$(dirname "$2")"; mv "$1" "$2"; ln -s "$2" "$1"');
    await place.run("data-linked", `${outside}; rm -r data; ln -s "$2" data`);
    await place.run("data-mounted", `${outside}; mount --bind "$2" data`);
    for (const job of ["mounted", "linked", "data-linked", "data-mounted"]) place.bucket.removeJob(job);

    const refused = await deploy();
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.text).toMatch(
      /nothing was deleted in \S+mounted on \S+: a file system is mounted at \S+mounted\/up/,
    );
    expect(await place.run("mounted", 'cat app.conf; ls "$2"; umount up')).toBe("old\nprecious\n");
    expect(await place.run("linked", 'test -L "$1"; ls "$2"')).toBe("data\n");
    expect(await deploy()).toMatchObject({ code: 0 });

    const collected = await ends(place, "gc");
    expect(collected).toMatchObject({ code: 1 });
    expect(collected.text).toMatch(/a file system is mounted at \S+data-mounted\/data/);
    expect(await place.run("data-mounted", 'ls "$2"; umount data')).toBe("lifecycle\nprecious\n");
    expect(await place.run("data-linked", 'test ! -e "$1"; ls "$2"')).toBe("lifecycle\nprecious\n");
    expect(await place.run("linked", 'test -L "$1"; ls -A "$2"')).toBe("");
    expect(await ends(place, "gc")).toMatchObject({ code: 0 });
    expect(await place.run("data-mounted", 'test ! -e "$1"; ls "$2"')).toBe("lifecycle\nprecious\n");
  });

  it("a deploy that removes the last job of a worker deletes the bucket's directory, except for foreign files", async () => {
    simple("api");
    expect(await deploy()).toMatchObject({ code: 0 });
    await place.run("api", 'echo mine > "$1/../../notes.txt"');
    place.bucket.workers({ host: "127.0.0.99", transport: "local", labels: ["other"] });
    expect(await deploy()).toMatchObject({ code: 0 });
    const { code, text } = await ends(place, "gc");
    expect(code).toBe(0);
    expect(text).toContain("was not deleted: maand did not create notes.txt in it");
    expect(await place.run("api", 'ls "$(dirname "$(dirname "$1")")"')).toBe("notes.txt\n");
  });
});

async function ends({ bucket }: Place, ...args: readonly string[]): Promise<{ code: number | null; text: string }> {
  const { code, stdout, stderr } = await bucket.maand(...args);
  return { code, text: `${stdout}${stderr}`.replace(/\s+/g, " ") };
}
