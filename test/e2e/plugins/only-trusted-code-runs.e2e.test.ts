import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Scratch, scratch } from "../../support/bucket/scratch.ts";
import { maandOnPath } from "../../support/bucket/shell.ts";
import { ACCOUNT, ensureAccount } from "../../support/fleet/account.ts";
import { must, run } from "../../support/fleet/command.ts";

const NOBODY = 65_534;
const LINES = ["plugins", "build", "deploy --dry-run", "doctor", "job status api", "health_check", "init"];

/** Calls `use` with a bucket, and the path of the file that planted code writes if it runs. */
async function withBucket(use: (bucket: Scratch, marker: string) => Promise<void>): Promise<void> {
  const bucket = await scratch('transport = "local"\n');
  try {
    bucket.workers({ host: "127.0.0.11" });
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
    await use(bucket, join(bucket.root, "ran"));
  } finally {
    bucket.dispose();
  }
}

const code = (marker: string, then = "module.exports = {};") =>
  `require("node:fs").writeFileSync(${JSON.stringify(marker)}, ""); ${then}`;
const PLUGIN = 'module.exports = { name: "odd", apply() {} };';

interface Planted {
  readonly name: string;
  plant(bucket: Scratch, marker: string): void;
  readonly prints: string;
}

const config = (bucket: Scratch, marker: string) => bucket.write("maand.config.cjs", code(marker));
const plugin = (bucket: Scratch, marker: string) => {
  bucket.write(".maandrc", 'plugins: [defaults, "./plugins/odd.cjs"]\n');
  bucket.write("plugins/odd.cjs", code(marker, PLUGIN));
};
const pack = (bucket: Scratch, marker: string) => {
  bucket.write(".maandrc", "plugins: [defaults, odd]\n");
  bucket.write("node_modules/odd/package.json", '{ "name": "odd", "main": "odd.cjs" }');
  bucket.write("node_modules/odd/odd.cjs", code(marker, PLUGIN));
};
const give = (bucket: Scratch, path: string) => chownSync(join(bucket.root, path), NOBODY, NOBODY);
const mode = (bucket: Scratch, path: string, bits: number) => chmodSync(join(bucket.root, path), bits);

const PLANTED: readonly Planted[] = [
  {
    name: "a configuration of another user",
    plant: (b, m) => {
      config(b, m);
      give(b, "maand.config.cjs");
    },
    prints: "belongs to nobody",
  },
  {
    name: "a configuration that everyone can write",
    plant: (b, m) => {
      config(b, m);
      mode(b, "maand.config.cjs", 0o666);
    },
    prints: "can be written by every user",
  },
  {
    name: "a configuration that another group can write",
    plant: (b, m) => {
      config(b, m);
      chownSync(join(b.root, "maand.config.cjs"), 0, NOBODY);
      mode(b, "maand.config.cjs", 0o664);
    },
    prints: "can be written by the group",
  },
  {
    name: "a configuration in a directory that everyone can write",
    plant: (b, m) => {
      config(b, m);
      mode(b, ".", 0o777);
    },
    prints: "can be written by every user",
  },
  {
    name: "a plugin of another user",
    plant: (b, m) => {
      plugin(b, m);
      give(b, "plugins/odd.cjs");
    },
    prints: "belongs to nobody",
  },
  {
    name: "a plugin that everyone can write",
    plant: (b, m) => {
      plugin(b, m);
      mode(b, "plugins/odd.cjs", 0o666);
    },
    prints: "can be written by every user",
  },
  {
    name: "a plugin in a directory of another user",
    plant: (b, m) => {
      plugin(b, m);
      give(b, "plugins");
    },
    prints: "belongs to nobody",
  },
  {
    name: "a package of another user",
    plant: (b, m) => {
      pack(b, m);
      give(b, "node_modules/odd/odd.cjs");
    },
    prints: "belongs to nobody",
  },
  {
    name: "a package in a directory of another user",
    plant: (b, m) => {
      pack(b, m);
      give(b, "node_modules");
    },
    prints: "belongs to nobody",
  },
];

describe.concurrent("maand does not run code that others can change, such as", () => {
  it.each(PLANTED)("$name", ({ plant, prints }) =>
    withBucket(async (bucket, marker) => {
      plant(bucket, marker);
      for (const line of LINES) {
        const { code: exit, stdout, stderr } = await bucket.maand(...line.split(" "));
        expect({ line, ran: existsSync(marker) }).toEqual({ line, ran: false });
        expect({ line, exit, text: stdout + stderr }).toMatchObject({
          exit: line === "doctor" ? expect.toBeOneOf([1, 2]) : 2,
          text: expect.stringContaining(prints),
        });
      }
      const listed = { env: { MAAND_SAFE_DIRECTORIES: bucket.root } };
      expect(await bucket.start(["plugins"], listed).ended).toMatchObject({ code: 0 });
      expect(existsSync(marker)).toBe(true);
    }),
  );

  it("a configuration outside of the bucket that is named on the command line", () =>
    withBucket(async (bucket, marker) => {
      const elsewhere = mkdtempSync(join(tmpdir(), "maand-elsewhere-"));
      try {
        const file = join(elsewhere, "other.cjs");
        bucket.write("other.cjs", code(marker));
        chmodSync(elsewhere, 0o755);
        copyFileSync(join(bucket.root, "other.cjs"), file);
        chownSync(file, NOBODY, NOBODY);
        expect(await bucket.maand("plugins", "--config", file)).toMatchObject({
          code: 2,
          stderr: expect.stringContaining("belongs to nobody"),
        });
        expect(existsSync(marker)).toBe(false);
      } finally {
        rmSync(elsewhere, { recursive: true });
      }
    }));

  it("the script of a job command, which the build refuses", () =>
    withBucket(async (bucket) => {
      const path = "workspace/jobs/api/_modules/command_x.py";
      bucket.write(path, "");
      bucket.job("api", { version: "1.0.0", selectors: ["worker"], commands: { command_x: { executed_on: ["cli"] } } });
      expect(await bucket.maand("build")).toMatchObject({ code: 0 });
      give(bucket, path);
      const { code: exit, stderr } = await bucket.maand("build");
      expect({ exit, stderr }).toMatchObject({
        exit: 2,
        stderr: expect.stringContaining(`${path}: belongs to nobody`),
      });
      expect(await bucket.start(["build"], { env: { MAAND_SAFE_DIRECTORIES: bucket.root } }).ended).toMatchObject({
        code: 0,
      });
    }));
});

describe.concurrent("settings of cosmiconfig", () => {
  it.each([
    [
      "package.json",
      (marker: string) => ({
        "package.json": '{ "cosmiconfig": { "searchPlaces": ["evil.cjs"] } }',
        "evil.cjs": code(marker),
      }),
    ],
    [".config/config.cjs", (marker: string) => ({ ".config/config.cjs": code(marker) })],
    [
      ".config/config.json",
      (marker: string) => ({
        ".config/config.json": '{ "cosmiconfig": { "searchPlaces": ["evil.cjs"] } }',
        "evil.cjs": code(marker),
      }),
    ],
  ] as const)("have no effect and run no code: %s in the bucket or in the current directory", (_, files) =>
    withBucket(async (bucket, marker) => {
      for (const below of ["", "workspace/"]) {
        for (const [path, text] of Object.entries(files(marker))) bucket.write(`${below}${path}`, text);
        for (const line of ["plugins", "build", "doctor"])
          await bucket.start(line.split(" "), { cwd: join(bucket.root, below) }).ended;
        expect(existsSync(marker)).toBe(false);
      }
      expect(await bucket.maand("plugins")).toMatchObject({ code: 0 });
    }),
  );
});

/** The daily commands of a user with a private group and umask 002, as on many systems. */
const DAILY = `
  set -e; umask 002
  mkdir -p $0/team && cd $0/team
  maand init >/dev/null
  echo '[{ "host": "127.0.0.11" }]' > workspace/workers.json
  mkdir -p workspace/jobs/api/_modules plugins
  echo '{ "version": "1.0.0", "selectors": ["worker"], "commands": { "command_x": { "executed_on": ["cli"] } } }' > workspace/jobs/api/manifest.json
  printf 'start stop restart:\\n\\t@true\\n' > workspace/jobs/api/Makefile
  echo 'print("x ran")' > workspace/jobs/api/_modules/command_x.py
  echo 'transport = "local"' >> maand.conf
  echo 'plugins: [defaults, "./plugins/odd.cjs"]' > .maandrc
  echo '${PLUGIN}' > plugins/odd.cjs
`;

describe.concurrent("a bucket with files that a group can write", () => {
  const as = (place: string, lines: string) =>
    run(["sudo", "-u", ACCOUNT, "env", `PATH=${maandOnPath()}:${process.env.PATH}`, "sh", "-c", lines, place]);

  async function withPlace(use: (place: string) => Promise<void>): Promise<void> {
    await ensureAccount();
    const place = mkdtempSync(join(tmpdir(), "maand-daily-"));
    try {
      await must(["chown", `${ACCOUNT}:`, place]);
      await must(["chmod", "755", maandOnPath()]);
      await use(place);
    } finally {
      rmSync(place, { recursive: true });
    }
  }

  it("is accepted if the group is the private group of the user", () =>
    withPlace(async (place) => {
      const worked = await as(
        place,
        `${DAILY} maand build && maand deploy && maand jobcommand command_x api && maand plugins`,
      );
      expect(worked).toMatchObject({ code: 0, stdout: expect.stringContaining("odd") });
    }));

  it("is accepted if the group has other users, and the user lists the bucket as trusted", () =>
    withPlace(async (place) => {
      const bucket = join(place, "team");
      expect(await as(place, DAILY)).toMatchObject({ code: 0 });
      await must(["chgrp", "-R", "nogroup", bucket]);
      expect(await as(place, "cd $0/team && maand build")).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(`${bucket} can be written by the group nogroup, which has other users`),
      });
      await as(place, "mkdir -p $HOME/.config/maand && echo $0/team >> $HOME/.config/maand/safe-directories");
      expect(await as(place, "cd $0/team && maand build")).toMatchObject({ code: 0 });
    }));
});

describe.concurrent("maand init in a directory of another user", () => {
  it("is refused, and creates nothing", async () => {
    const place = realpathSync(mkdtempSync(join(tmpdir(), "maand-foreign-")));
    const bucket = await scratch();
    try {
      chownSync(place, NOBODY, NOBODY);
      const ended = await bucket.start(["init"], { cwd: place }).ended;
      expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining(`${place} belongs to nobody`) });
      expect(readdirSync(place)).toEqual([]);
    } finally {
      rmSync(place, { recursive: true });
      bucket.dispose();
    }
  });
});

describe.concurrent("for an unprivileged user,", () => {
  const asNobody = (bucket: Scratch, line: string, cwd = bucket.root) =>
    bucket.start(line.split(" "), { cwd, uid: NOBODY, env: { HOME: "/nonexistent" } }).ended;

  it.each(["info", "cat jobs", "build", "deploy", "logs show", "doctor", "init", "completion jobs", "why api"])(
    "maand %s names the owner of a bucket that belongs to root",
    (line) =>
      withBucket(async (bucket) => {
        chmodSync(bucket.root, 0o755);
        const { code: exit, stderr } = await asNobody(bucket, line);
        expect({ exit, stderr }).toMatchObject({ exit: 2, stderr: expect.stringContaining("belongs to root") });
        expect(stderr).toMatch(/^maand: permission denied: /);
        expect(stderr).not.toContain("run maand init");
      }),
  );

  it("maand names the single file that sudo left behind in their own bucket", () =>
    withBucket(async (bucket) => {
      const own = (path: string) => chownSync(path, NOBODY, NOBODY);
      const all = (path: string): string[] => [
        path,
        ...readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
          entry.isDirectory() ? all(join(path, entry.name)) : [join(path, entry.name)],
        ),
      ];
      expect(await bucket.maand("build")).toMatchObject({ code: 0 });
      for (const path of all(bucket.root)) own(path);
      expect(await asNobody(bucket, "build")).toMatchObject({ code: 0 });
      for (const path of ["data/maand.db", "data/maand.lock", "maand.conf", "secrets/kv.key"]) {
        const at = join(bucket.root, path);
        chownSync(at, 0, 0);
        chmodSync(at, 0o600);
        const { code: exit, stderr } = await asNobody(bucket, "build");
        expect({ path, exit, stderr }).toMatchObject({
          path,
          exit: 2,
          stderr: expect.stringContaining(`${path} belongs to root`),
        });
        own(at);
      }
      chownSync(join(bucket.root, "workspace/workers.json"), 0, 0);
      chmodSync(join(bucket.root, "workspace/workers.json"), 0o600);
      expect((await asNobody(bucket, "build")).stderr).toContain(
        "workspace/workers.json: cannot be read: permission denied: it belongs to root",
      );
    }));

  it("maand does not report a private directory as a bucket", async () => {
    const place = realpathSync(mkdtempSync(join(tmpdir(), "maand-closed-")));
    const bucket = await scratch();
    try {
      chmodSync(place, 0o755);
      mkdirSync(join(place, "data"), { mode: 0o700 });
      mkdirSync(join(place, "below"));
      const { code: exit, stderr } = await asNobody(bucket, "info", join(place, "below"));
      expect({ exit, stderr }).toMatchObject({ exit: 2, stderr: expect.stringContaining("there is no bucket in") });
    } finally {
      rmSync(place, { recursive: true });
      bucket.dispose();
    }
  });
});
