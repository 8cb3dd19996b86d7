import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initialised, typedIn } from "../../run/typed.test.support.ts";

const HOSTS = [...Array(30).keys()].map((at) => `10.20.30.${at + 1}`);

let root: string;

beforeAll(async () => {
  root = await initialised();
  write("workspace/workers.json", JSON.stringify(HOSTS.map((host) => ({ host, labels: ["web", "eu"] }))));
  for (const job of ["api", "payments"]) {
    write(
      `workspace/jobs/${job}/manifest.json`,
      '{ "version": "1.4.0", "selectors": ["web"], "resources": { "ports": { "http": {} } } }',
    );
    write(`workspace/jobs/${job}/Makefile`, "start restart stop:\n\t@true\n");
  }
  write("workspace/disabled.json", JSON.stringify({ workers: HOSTS.slice(0, 2) }));
  expect(await typedIn(root)("build")).toMatchObject({ code: 0 });
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}

const on = (
  columns: number,
  env: Readonly<Record<string, string>> = { LANG: "C.UTF-8", TERM: "xterm", NO_COLOR: "1" },
) => typedIn(root, undefined, columns, { env });

describe("a table on a terminal", () => {
  const TABLES = ["workers", "jobs", "allocations", "deployments", "job_commands", "job_ports", "certs", "kv"];

  it.each(TABLES.flatMap((table) => [40, 80, 120].map((columns) => [table, columns] as const)))(
    "printed by cat %s fits %d columns",
    async (table, columns) => {
      const { out } = await on(columns)("cat", table);
      const lines = out.trimEnd().split("\n");
      expect(lines.filter((line) => line.length > columns)).toEqual([]);
      expect(lines.length).toBeGreaterThan(3);
    },
  );

  it("keeps the most important columns if it is narrow, and folds equal rows of many workers into one", async () => {
    expect((await on(40)("cat", "deployments", "--jobs", "payments")).out).toBe(
      [
        "╭──────────┬────────────┬──────────────╮",
        "│ JOB      │ WORKER     │ ROLLOUT      │",
        "├──────────┼────────────┼──────────────┤",
        "│ payments │ 10.20.30.1 │ disabled_... │",
        "│ payments │ 10.20.30.2 │ disabled_... │",
        "│ payments │ 28 workers │ new          │",
        "╰──────────┴────────────┴──────────────╯",
        "30 rows; --wide lists all of them",
        "",
      ].join("\n"),
    );
  });

  it("has separate headings for running and target versions, and all columns if there is room", async () => {
    const { out } = await on(120)("cat", "deployments", "--jobs", "payments");
    expect(
      out
        .split("\n")[1]
        ?.split("│")
        .map((cell) => cell.trim()),
    ).toEqual([
      "",
      ...["JOB", "WORKER", "ROLLOUT", "RUNNING", "TARGET", "RUNNING FILES", "TARGET FILES", "DISABLED", "REMOVED"],
      "",
    ]);
  });

  it("has every row and column with --wide and in a pipe", async () => {
    const wide = await on(40)("cat", "deployments", "--wide");
    expect(wide).toEqual(await typedIn(root)("cat", "deployments"));
    expect(wide.out.split("\n")).toHaveLength(2 * HOSTS.length + 5);
    expect(wide.out).toContain("ALLOC_ID");
    expect((await typedIn(root)("--wide", "cat", "deployments")).out).toBe(wide.out);
  });

  it("has the same JSON keys, regardless of the terminal's width", async () => {
    const [row = {}] = JSON.parse((await on(40)("cat", "deployments", "--json")).out);
    expect(Object.keys(row)).toEqual([
      ...["job", "worker_ip", "alloc_id", "rollout", "current_hash", "previous_hash", "current_version", "new_version"],
      ...["disabled", "removed", "in_doubt", "held", "step"],
    ]);
  });
});

it.each([{ LANG: "C", TERM: "xterm" }, { LANG: "C.UTF-8", TERM: "dumb" }, { TERM: "xterm" }])(
  "a table is plain ASCII on a terminal with %j",
  async (env) => {
    const { out } = await on(80, { ...env, NO_COLOR: "1" })("cat", "jobs");
    expect(out).toMatch(/^\+-+\+/);
    expect(out).toMatch(/^\| JOB +\|/m);
    expect(out).not.toMatch(/[^\n -~]/);
  },
);

it("a table in a pipe has box-drawing characters, regardless of the locale", async () => {
  const { out } = await typedIn(root)("cat", "jobs");
  expect(out).toMatch(/^╭─/);
});
