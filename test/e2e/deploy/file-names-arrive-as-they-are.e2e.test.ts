import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localJob, type Scratch, scratch } from "../../support/bucket/scratch.ts";
import { type Fleet, startFleet } from "../../support/fleet/index.ts";

/** Unusual names, and names with a meaning for a shell, for rsync and its filter rules, or for a terminal. */
const NAMES: readonly string[] = [
  ...["a b", " before", "after ", "-rf", "--delete", "*", "?", "[x]", "a[!b]*?", "**", "{a,b}", "#x", ";x", "!x", "~x"],
  ...[
    "a\\b",
    "\\",
    "\\#012",
    "$(id)",
    "`id`",
    "$HOME",
    "'",
    '"',
    "a'\"b",
    "&",
    "|",
    "<",
    ">",
    "..x",
    "...",
    "x..",
    "+ x",
  ],
  ...["- x", "P x", "ü", "u\u0308", "日本語", "→😀", "\u202etxt", "\u00a0", "%s", "%00", ":", "a:b", "x".repeat(255)],
  ...["ü".repeat(127), "CON", "@eaDir", "=x", "a=b", "^", "data", "logs", "bin", ".hidden", ".git_"],
];

/** The patterns in `keep` of the manifest. */
const KEEP = ["k ? x", "kü*", "k-?.pid", "kept dir/"];
const KEPT = ["k a x", "k ü x", "k 😀 x", "küche", "kü", "k-ä.pid", "k-1.pid", "kept dir/ü", "sub/k ü x"];
const GONE = ["k ab x", "ku", "k-ab.pid", "stray \\#012", "stray ü*[x]", "-stray", "sub/stray", "\x01\x1b[31m"];

/** A file that is too large for a runner, so that rsync syncs the job. */
const LARGE = { "large.bin": "x".repeat(600_000) };

const LIST = 'cd "$1" && find . -mindepth 1 -type f -printf "%P\\0"';
const MAKE = 'cd "$1" && shift && for at; do mkdir -p -- "./$(dirname -- "$at")" && echo own > "./$at" || exit; done';

interface Place {
  readonly bucket: Scratch;
  run(script: string, ...words: readonly string[]): Promise<string>;
}

let fleet: Fleet;
beforeAll(async () => {
  fleet = await startFleet({ count: 1 });
});
afterAll(() => fleet.close());

let opened = 0;

async function overSsh(): Promise<Place> {
  opened += 1;
  const root = `/opt/worker/a 'b"[${opened}]`;
  const bucket = await scratch(`${fleet.conf}worker_root = ${JSON.stringify(root)}\n`);
  bucket.workers(...fleet.workersJson());
  const { bucket_id: id } = await bucket.json<{ bucket_id: string }>("info");
  return {
    bucket,
    async run(script, ...words) {
      const done = await fleet.workers[0]?.run(["sh", "-c", script, "sh", `${root}/${id}/jobs/api`, ...words]);
      expect(done).toMatchObject({ code: 0, stderr: "" });
      return done?.stdout ?? "";
    },
  };
}

async function onThisMachine(): Promise<Place> {
  const bucket = await scratch('transport = "local"\n');
  bucket.workers({ host: "127.0.0.11" });
  return {
    bucket,
    async run(script, ...words) {
      const directory = localJob(bucket, "127.0.0.11", "api") ?? "";
      return execFileSync("sh", ["-c", script, "sh", directory, ...words], { encoding: "utf8" });
    },
  };
}

async function deploys({ bucket }: Place, files: Readonly<Record<string, string>>): Promise<string> {
  rmSync(join(bucket.root, "workspace/jobs/api"), { recursive: true, force: true });
  bucket.job("api", { selectors: ["worker"], keep: KEEP }, files);
  const { code, stdout, stderr } = await bucket.maand("deploy", "--build");
  expect(code, stderr).toBe(0);
  return `${stdout}${stderr}`;
}

/** The files in the job's directory, except files that every job has. */
async function filesOf(place: Place): Promise<string[]> {
  const always = /^(Makefile|manifest\.json|large\.bin|certs\/|data\/)/;
  const found = (await place.run(LIST)).split("\0");
  return found.filter((path) => path !== "" && !always.test(path)).sort();
}

const among = (directory: string, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [`${directory}/${name}`, `${name}\n`]));

describe.each([
  ["rsync", overSsh, LARGE],
  ["a runner", overSsh, {}],
  ["a local worker", onThisMachine, {}],
])("with %s", (_, open, more) => {
  it("a deploy keeps file names unchanged, deletes files that the job drops, and keeps files named in keep", async () => {
    const place = await open();
    try {
      await deploys(place, { ...among("files", NAMES), ...among("files/deep", NAMES), ...more });
      expect(await filesOf(place)).toEqual(
        Object.keys({ ...among("files", NAMES), ...among("files/deep", NAMES) }).sort(),
      );
      for (const name of NAMES) expect(await place.run('cat "$1/files/$2"', name)).toBe(`${name}\n`);

      await place.run(MAKE, ...KEPT, ...GONE);
      const half = NAMES.filter((_name, at) => at % 2 === 0);
      const text = await deploys(place, { ...among("files", half), ...more });
      expect(await filesOf(place)).toEqual([...Object.keys(among("files", half)), ...KEPT].sort());
      expect(text.replace(/\s+/g, " ")).toContain("api had created files in its directory, and a sync deleted them");
      expect(text).not.toContain("\x1b[31m"); // file names do not send control characters to the terminal
    } finally {
      place.bucket.dispose();
    }
  });
});
