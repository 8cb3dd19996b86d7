import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { aBucket, type TestBucket } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isOurs } from "../commands/index.ts";
import { STOCK_COMMANDS } from "./stock-commands.ts";
import { copyAuthority, typedIn } from "./typed.test.support.ts";

const CONFIG = `
import { MaandCommand } from "@maand/cli";
import { definePlugin } from "@maand/core";
import { Command, Option } from "clipanion";

class Greet extends MaandCommand {
  static paths = [["greet"]];
  static usage = Command.Usage({ category: "Acme", description: "says hello" });
  name = Option.String({ required: true });
  async work() {
    this.print("hello " + this.name);
    return 0;
  }
}

class Versions extends MaandCommand {
  static paths = [["versions"]];
  async work() {
    return this.withBucket(async (bucket) => {
      for (const allocation of bucket.allocations)
        this.print([allocation.job, allocation.host, bucket.promotedVersion(allocation) ?? "none"].join(" "));
      this.print(Object.keys(bucket).sort().join(" "));
      const remote = await bucket.remote("127.0.0.11");
      this.print((await remote.exec(["echo", "reached"])).stdout.trim());
      await bucket.remote("127.0.0.12");
      return 0;
    });
  }
}

const acme = definePlugin({
  name: "acme",
  version: "1.2.3",
  commands: [Greet, Versions],
  claims: { owner: { description: "Whose it is.", schema: { "~standard": { version: 1, vendor: "acme", validate: (value) => ({ value }) } } } },
  tables: {
    job_owners: {
      description: "whose each job is",
      columns: ["job", "owner"],
      rows: ({ jobs }) => jobs.map(({ name, manifest }) => ({ job: name, owner: String(manifest.owner ?? "") })),
    },
  },
  apply({ afterJob, commit }) {
    afterJob.tapPromise("acme", async () => {});
    commit.tapPromise("acme", async () => {});
  },
});

export default { plugins: ["defaults", acme], hooks: { async rollout() { return undefined; } } };
`;

let bucket: TestBucket;
let typed: ReturnType<typeof typedIn>;

beforeEach(async () => {
  bucket = aBucket();
  bucket.workers({ host: "127.0.0.11", transport: "local" });
  bucket.job("api", { selectors: ["worker"], owner: "payments" });
  writeFileSync(join(bucket.root, "maand.config.ts"), CONFIG);
  await copyAuthority(bucket.root);
  typed = typedIn(bucket.root);
});

afterEach(() => bucket.dispose());

describe("a plugin adds", () => {
  it("a command, with its help", async () => {
    expect(await typed("greet", "bob")).toMatchObject({ code: 0, out: "hello bob\n" });
    expect((await typed("greet", "--help")).out).toContain("Says hello");
    expect((await typed("help", "--all")).out).toMatch(/Acme:\n {2}maand greet +says hello/);
  });

  it("a command that can read the bucket and connect to workers, and has no other access to the engine", async () => {
    await typed("build");
    const { code, out, err } = await typed("versions");
    expect(out.split("\n")).toEqual([
      "api 127.0.0.11 none",
      "allocations bucket jobs now promotedVersion remote settings signal workers",
      "reached",
      "",
    ]);
    expect([code, err]).toEqual([2, expect.stringContaining('there is no worker "127.0.0.12"')]);
    expect(err).toContain('did you mean "127.0.0.11"?');
  });

  it("a table of maand cat, as a table and as records", async () => {
    expect((await typed("build")).code).toBe(0);
    expect((await typed("cat", "job_owners")).out).toContain("│ api │ payments │");
    expect(JSON.parse((await typed("cat", "job-owners", "--json")).out)).toEqual([{ job: "api", owner: "payments" }]);
  });

  it("a key of the manifest, and its schema", async () => {
    expect((await typed("build")).err).not.toContain("unknown key");
    expect(JSON.parse((await typed("schema", "manifest")).out)).toMatchObject({
      properties: { owner: { description: "Whose it is." } },
    });
  });
});

describe("maand plugins", () => {
  it("shows each plugin with its version, source, hooks and additions", async () => {
    const rows: Record<string, unknown>[] = JSON.parse((await typed("plugins", "--json")).out);
    expect(rows.find(({ name }) => name === "acme")).toEqual({
      name: "acme",
      version: "1.2.3",
      source: "maand.config.ts",
      hooks: ["commit", "afterJob"],
      commands: ["greet", "versions"],
      tables: ["job_owners"],
      manifest_keys: ["owner"],
    });
    expect(rows.find(({ name }) => name === "make")).toMatchObject({
      source: "stock",
      hooks: expect.arrayContaining(["rollout"]),
    });
    expect((await typed("plugins")).out).toContain(
      "command greet, command versions, table job_owners, manifest key owner",
    );
    const narrow = await typedIn(bucket.root, undefined, 100)("plugins");
    expect(narrow.out.split("\n").filter(({ length }) => length > 100)).toEqual([]);
  });

  it("shows the order of the taps, with the configuration first for hooks with one result", async () => {
    const { order } = JSON.parse((await typed("plugins", "--verbose", "--json")).out);
    expect(order.rollout).toEqual(["config", "make"]);
    expect((await typed("plugins", "--verbose")).out).toMatch(/│ rollout +│ config, make/);
  });
});

it("in a bucket without plugins, maand plugins lists the missing functions, and how to load the stock plugins", async () => {
  writeFileSync(join(bucket.root, "maand.config.ts"), "export default { plugins: [] };\n");
  const { code, out } = await typed("plugins");
  expect([code, out]).toEqual([0, expect.stringContaining('cannot reach workers\n  set plugins: ["defaults"]')]);
  expect((await typed("plugins", "--json")).out).toBe("[]\n");
});

describe("an unknown command", () => {
  it("is refused with the closest command, including commands of plugins", async () => {
    expect(await typed("gret", "bob")).toMatchObject({
      code: 2,
      err: 'maand: unknown command "gret"\n  did you mean "greet"?\n',
    });
    expect((await typed("cat", "job_owner")).err).toContain('did you mean "job_owners"?');
    expect((await typed("cat", "wrkers")).err).toContain('did you mean "workers"?');
  });

  it("is refused with the error that prevented the plugins from loading", async () => {
    writeFileSync(join(bucket.root, "maand.config.ts"), "export default { plugins: [gone()] };\n");
    const { code, err } = await typed("greet", "bob");
    expect(code).toBe(2);
    expect(err).toContain('"greet" is not a command of maand, and the plugins cannot be loaded');
    expect(err).toMatch(/maand\.config\.ts:1.*gone is not defined/);
    expect((await typed("--help")).code).toBe(0);
  });

  it("is the only reason to load the configuration: built-in commands run without it", async () => {
    for (const [path, load] of Object.entries(STOCK_COMMANDS)) {
      const { paths = [] } = await load();
      expect(paths.map((words) => words.join(" "))).toContain(path);
    }
    expect(
      [["cat", "jobs"], ["cat", "job-ports"], ["-C", "/x", "build"], ["cat"], ["cat", "--help"]].map(isOurs),
    ).not.toContain(false);
    expect([["cat", "nothing"], ["greet"]].map(isOurs)).not.toContain(true);
  });
});

describe("without the plugin operations", () => {
  it.each([
    ["named", 'import { defaults } from "@maand/cli";\nexport default { plugins: defaults().remove("operations") };\n'],
    ["never listed", "export default { plugins: [] };\n"],
  ])("the commands of operations fail and name the missing plugin (%s)", async (_, config) => {
    writeFileSync(join(bucket.root, "maand.config.ts"), config);
    for (const line of ["doctor", "cat jobs", "job create web", "logs show", "run_command uptime", "worker trust"]) {
      const { code, err } = await typed(...line.split(" "));
      expect([line, code]).toEqual([line, 2]);
      expect(err).toContain(
        "is a command of the plugin operations, which the configuration of this bucket does not include",
      );
      expect(err).toContain("add @maand/plugin-operations to the plugins of the configuration");
    }
    expect((await typed("help", "--all")).out).not.toMatch(/maand (doctor|cat (?!prometheus)|logs|run_command)/);
    expect((await typed("build")).code).toBe(0);
  });

  it("a bucket that also lacks maintenance has no maand maintain, and the error names the plugin", async () => {
    const without =
      'import { defaults } from "@maand/cli";\nexport default { plugins: defaults().remove("maintenance") };\n';
    writeFileSync(join(bucket.root, "maand.config.ts"), without);
    for (const line of ["maintain --reboot -w 10.0.0.1", "maintain status"])
      expect(await typed(...line.split(" "))).toMatchObject({
        code: 2,
        err: expect.stringContaining("add @maand/plugin-maintenance to the plugins of the configuration"),
      });
    expect((await typed("help", "--all")).out).not.toContain("maand maintain");
  });

  it("another plugin may define the commands of operations", async () => {
    const text = CONFIG.replace('[["greet"]]', '[["doctor"]]').replace('["defaults", acme]', "[acme]");
    writeFileSync(join(bucket.root, "maand.config.ts"), text);
    expect(await typed("doctor", "bob")).toMatchObject({ code: 0, out: "hello bob\n" });
  });

  it("read-only commands work while the configuration is invalid", async () => {
    expect((await typed("build")).code).toBe(0);
    writeFileSync(join(bucket.root, "maand.config.ts"), "export default { plugins: [gone()] };\n");
    expect((await typed("cat", "jobs")).out).toContain("│ api ");
  });
});
