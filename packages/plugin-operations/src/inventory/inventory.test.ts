import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addWorkers, editWorkers } from "../workers/add-workers.ts";
import { expandRanges } from "./expand-ranges.ts";
import { losesMost, planImport } from "./plan-import.ts";
import { readInventory } from "./read-inventory.ts";

const read = (text: string, output?: string) => readInventory({ text, file: "hosts", format: undefined, output });

/** The same fleet in each format of Ansible. */
const WANTED = [
  { host: "10.0.0.1", labels: ["eu", "web"], fields: { hostname: "web1", user: "admin" } },
  { host: "10.0.0.2", labels: ["eu", "web"], fields: { hostname: "web2", user: "admin", port: 2222 } },
  { host: "db.example.org", labels: ["db", "eu"], fields: { user: "postgres" } },
];

const INI = `# the fleet
[web]
web1 ansible_host=10.0.0.1
web2 ansible_host=10.0.0.2 ansible_port=2222  # the odd one

[db]
db.example.org ansible_user="postgres"

[eu:children]
web
db

[eu:vars]
ansible_user=admin
`;

const YAML = `all:
  children:
    eu:
      vars: { ansible_user: admin }
      children:
        web:
          hosts:
            web1: { ansible_host: 10.0.0.1 }
            web2: { ansible_host: 10.0.0.2, ansible_port: 2222 }
        db:
          hosts:
            db.example.org: { ansible_user: postgres }
`;

const LIST = JSON.stringify({
  _meta: {
    hostvars: {
      web1: { ansible_host: "10.0.0.1", ansible_user: "admin" },
      web2: { ansible_host: "10.0.0.2", ansible_port: 2222, ansible_user: "admin" },
      "db.example.org": { ansible_user: "postgres" },
    },
  },
  all: { children: ["ungrouped", "eu"] },
  eu: { children: ["web", "db"] },
  web: { hosts: ["web1", "web2"] },
  db: { hosts: ["db.example.org"] },
});

describe("an Ansible inventory", () => {
  it.each([
    ["INI", INI],
    ["YAML", YAML],
    ["JSON", LIST],
  ])(
    "in %s sets the address of each host, the labels of all its groups, and its most specific variables",
    async (_, text) => {
      const { format, hosts, problems } = await read(text);
      expect({ format, problems }).toEqual({ format: "ansible", problems: [] });
      expect(hosts.map(({ host, labels, fields }) => ({ host, labels, fields }))).toEqual(WANTED);
    },
  );

  it("is read with the line number of each host and each problem", async () => {
    expect((await read(INI)).hosts.map(({ line }) => line)).toEqual([3, 4, 7]);
    expect((await read(YAML)).hosts.map(({ line }) => line)).toEqual([8, 9, 12]);
    const { problems } = await read('[web]\nweb[3:1]\nweb1 oops\nweb2 "open\n[web:what]\n[My Group]\nx1\n');
    expect(problems.map(({ line, message }) => [line, message.slice(0, 24)])).toEqual([
      [2, "[3:1] is not a range of "],
      [3, '"oops" is not a variable'],
      [4, "a quote is not closed"],
      [5, "[web:what] is not a sect"],
      [7, 'group "My Group" is not '],
    ]);
  });

  it("is read with ports, ranges and connection types, but without secrets", async () => {
    const { hosts } = await read(
      "n[01:02].x:2200 ansible_password=quite-secret\nhere ansible_connection=local ansible_host=127.0.0.1\nwin ansible_connection=winrm\nt ansible_host='{{ ip }}'\n",
    );
    expect(hosts.map(({ name, fields, unusable }) => [name, fields, unusable])).toEqual([
      ["n01.x", { port: 2200 }, undefined],
      ["n02.x", { port: 2200 }, undefined],
      ["here", { hostname: "here", transport: "local" }, undefined],
      ["win", {}, "ansible_connection is winrm, not ssh"],
      ["t", { hostname: "t" }, "{{ ip }} is a template of Ansible; use ansible-inventory --list"],
    ]);
    expect(JSON.stringify(hosts)).not.toContain("quite-secret");
  });

  it("with invalid YAML is refused with the line number", async () => {
    const { problems } = await read("all:\n  hosts:\n    a: {\n");
    expect(problems[0]).toMatchObject({ code: "invalid_inventory", line: expect.any(Number) });
    expect((await read("web:\n  host: {}\n")).problems[0]).toMatchObject({ line: 2, where: "hosts: web.host" });
  });
});

describe("the output of Terraform", () => {
  const output = (value: unknown) =>
    JSON.stringify({
      maand_workers: { sensitive: false, type: "dynamic", value },
      vpc: { type: "string", value: "x" },
    });

  it.each([
    [["10.0.0.1"], [["10.0.0.1", [], {}]]],
    [{ web1: "10.0.0.1" }, [["10.0.0.1", [], { hostname: "web1" }]]],
    [{ web: ["10.0.0.1"], db: ["10.0.0.1"] }, [["10.0.0.1", ["db", "web"], {}]]],
    [{ a: { host: "10.0.0.1", labels: ["db"], port: 22 } }, [["10.0.0.1", ["db"], { port: 22, hostname: "a" }]]],
  ])("%j is read as a list of workers", async (value, wanted) => {
    const { format, hosts, problems } = await read(output(value));
    expect({ format, problems }).toEqual({ format: "terraform", problems: [] });
    expect(hosts.map(({ host, labels, fields }) => [host, labels, fields])).toEqual(wanted);
  });

  it("is refused without the requested output, and the error names the existing outputs", async () => {
    expect((await read(output([]), "other")).problems[0]?.message).toBe(
      "there is no such output; the outputs are: maand_workers, vpc",
    );
    expect((await read(output([1]))).problems[0]?.where).toBe("hosts: maand_workers[0]");
  });
});

it("an inventory in the format of workers.json is read unchanged", async () => {
  const { format, hosts } = await read('[{ "host": "10.0.0.1", "labels": ["web"], "memory": "4 gb" }, "10.0.0.2"]');
  expect(format).toBe("workers");
  expect(hosts.map(({ host, labels, fields }) => [host, labels, fields])).toEqual([
    ["10.0.0.1", ["web"], { memory: "4 gb" }],
    ["10.0.0.2", [], {}],
  ]);
  expect((await read('[{ "name": "x" }]')).problems[0]?.where).toBe("hosts: [0]");
});

it.each([
  ["a", ["a"]],
  ["n[08:10]", ["n08", "n09", "n10"]],
  ["n[0:4:2]x[a:b]", ["n0xa", "n0xb", "n2xa", "n2xb", "n4xa", "n4xb"]],
  ["n[1:99999]", "[1:99999] is not a range of at most 10000 hosts"],
  ["n]", '"n]" is not a host pattern'],
])("the host pattern %s is expanded or refused", (pattern, hosts) => expect(expandRanges(pattern)).toEqual(hosts));

describe("the plan of an import", () => {
  const written = [
    { host: "10.0.0.1", entry: { host: "10.0.0.1", labels: ["web", "gold"], port: 22 } },
    { host: "10.0.0.9", entry: { host: "10.0.0.9" } },
  ];
  const found = (host: string, labels: string[] = [], fields = {}) => ({ name: host, host, labels, fields });

  it("adds, changes and skips workers with reasons, and keeps values that the inventory does not set", () => {
    const steps = planImport(
      [
        found("10.0.0.1", ["web", "eu"], { port: 2222 }),
        found("10.0.0.9"),
        found("10.0.0.3", ["db"]),
        found("10.0.0.3"),
      ],
      written,
      { prune: false },
    );
    expect(steps.map(({ action, host, reason }) => `${action} ${host}: ${reason}`)).toEqual([
      "change 10.0.0.1: labels +eu; port 22 -> 2222",
      "skip 10.0.0.9: already matches the inventory",
      "add 10.0.0.3: is new",
      "skip 10.0.0.3: the inventory lists it twice, also as 10.0.0.3",
    ]);
    expect(steps[0]).toMatchObject({ fields: { labels: ["web", "gold", "eu"], port: 2222 } });
  });

  it("removes workers only with prune, and detects a removal of more than half of them", () => {
    const prune = (...hosts: string[]) =>
      planImport(
        hosts.map((host) => found(host)),
        written,
        { prune: true },
      );
    expect(planImport([], written, { prune: false })).toEqual([]);
    expect(prune("10.0.0.1").map(({ action, host }) => `${action} ${host}`)).toEqual([
      "skip 10.0.0.1",
      "remove 10.0.0.9",
    ]);
    expect([losesMost(prune("10.0.0.1"), 2), losesMost(prune("10.0.0.5"), 2)]).toEqual([false, true]);
  });
});

describe("workers.json", () => {
  let workspace: string;
  beforeEach(() => {
    workspace = mkdtempSync(join(tmpdir(), "maand-workers-"));
  });
  afterEach(() => rmSync(workspace, { recursive: true }));

  const file = () => join(workspace, "workers.json");
  const text = () => readFileSync(file(), "utf8");
  const write = (content: string) => writeFileSync(file(), content);

  it.each([
    ["[]\n", '[\n  { "host": "10.0.0.3", "labels": ["web"] }\n]\n'],
    ['[{ "host": "10.0.0.1" }]', '[{ "host": "10.0.0.1" },\n  { "host": "10.0.0.3", "labels": ["web"] }\n]'],
    [
      '[\n\t{\n\t\t"host":   "10.0.0.1"\n\t}\n]\n',
      '[\n\t{\n\t\t"host":   "10.0.0.1"\n\t},\n\t{ "host": "10.0.0.3", "labels": ["web"] }\n]\n',
    ],
  ])("%j keeps its formatting when a worker is added", async (before, after) => {
    write(before);
    await addWorkers(workspace, [{ host: "10.0.0.3", labels: ["web"] }]);
    expect(text()).toBe(after);
  });

  it("is created if it does not exist", async () => {
    await addWorkers(workspace, [{ host: "10.0.0.3" }]);
    expect(JSON.parse(text())).toEqual([{ host: "10.0.0.3" }]);
  });

  it.each([
    [{ host: "10.0.0.1" }, "10.0.0.1", "is already in workspace/workers.json"],
    [{ host: "::0001" }, "::0001", "is already in workspace/workers.json as ::1"],
    [{ host: "no host" }, "host", "is not an IPv4"],
    [{ host: "10.0.0.2", port: 0 }, "--port", ""],
    [{ host: "10.0.0.2", user: "a b" }, "--user", "is not a user name"],
  ])("refuses %j and stays unchanged", async (entry, where, message) => {
    const before = '[\n  { "host": "10.0.0.1" },  { "host": "::1" }\n]';
    write(before);
    const refused = await addWorkers(workspace, [entry]).catch((cause) => cause.problems);
    expect(refused).toMatchObject([{ where, message: expect.stringContaining(message) }]);
    expect(text()).toBe(before);
  });

  it("keeps its formatting when entries are changed and removed", async () => {
    write('[\n  { "host": "10.0.0.1",  "labels": ["a"] },\n  { "host": "10.0.0.2" },\n  { "host":"10.0.0.3" }\n]\n');
    await editWorkers(workspace, {
      add: [{ host: "10.0.0.4" }],
      change: [{ at: 0, fields: { port: 2222 } }],
      remove: [1],
    });
    expect(JSON.parse(text())).toEqual([
      { host: "10.0.0.1", labels: ["a"], port: 2222 },
      { host: "10.0.0.3" },
      { host: "10.0.0.4" },
    ]);
    expect(text()).toBe(
      '[\n  { "host": "10.0.0.1",  "labels": ["a"], "port": 2222 },\n  { "host":"10.0.0.3" },\n  { "host": "10.0.0.4" }\n]\n',
    );
  });
});
