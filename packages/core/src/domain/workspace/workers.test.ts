import { describe, expect, it } from "vitest";
import type { Problem } from "../checks/problem.ts";
import { resolveWorkers } from "./workers.ts";

const FILE = "workspace/workers.json";

function resolve(value: unknown) {
  const problems: Problem[] = [];
  const workers = resolveWorkers(value, (problem) => problems.push(problem));
  return { workers, problems };
}

/** The problems of refused workers, as `key: message (hint)`. */
function described(value: unknown): string[] {
  return resolve(value).problems.map(({ where, message, hint }) => {
    const key = where === FILE ? "" : where.slice(FILE.length + 2);
    return `${key}: ${message}${hint === undefined ? "" : ` (${hint})`}`;
  });
}

describe("the workers of workers.json", () => {
  it("may be an empty list", () => {
    expect(resolve([])).toEqual({ workers: [], problems: [] });
  });
  it("need only a host", () => {
    expect(resolve([{ host: " 10.0.0.1 " }, { host: "2001:db8::1" }])).toEqual({
      workers: [
        { host: "10.0.0.1", labels: ["worker"], tags: {}, memoryMb: 0, cpuMhz: 0, position: 0 },
        { host: "2001:db8::1", labels: ["worker"], tags: {}, memoryMb: 0, cpuMhz: 0, position: 1 },
      ],
      problems: [],
    });
  });
  it("may set every key", () => {
    const written = {
      host: "db-1.example.org",
      hostname: " db one ",
      labels: ["Web", " db "],
      memory: "1.5 gb",
      cpu: "2 ghz",
      tags: { " Zone ": " US-East " },
      position: -3,
      transport: "ssh",
      port: 2222,
      user: "deploy",
      identity: "worker2.key",
    };
    expect(resolve([written])).toEqual({
      workers: [
        {
          host: "db-1.example.org",
          hostname: "db one",
          labels: ["db", "web", "worker"],
          memoryMb: 1536,
          cpuMhz: 2000,
          tags: { zone: "US-East" },
          position: -3,
          transport: "ssh",
          port: 2222,
          user: "deploy",
          identity: "worker2.key",
        },
      ],
      problems: [],
    });
  });
  it.each([[["worker"]], [["WORKER", "web", "web", " Web"]]])(
    "have no duplicate labels if the labels are written as %j",
    (labels) => {
      const { workers, problems } = resolve([{ host: "10.0.0.1", labels }]);
      expect(problems).toEqual([]);
      expect(workers[0]?.labels).toEqual(
        [...new Set([...labels.map((label) => label.trim().toLowerCase()), "worker"])].sort(),
      );
    },
  );
  it("keep upper-case letters in the values of tags", () => {
    expect(resolve([{ host: "a", tags: { ZONE: "US-East" } }]).workers[0]?.tags).toEqual({ zone: "US-East" });
  });
  it("have no hostname if the hostname is empty", () => {
    expect(resolve([{ host: "a", hostname: " " }]).workers[0]).not.toHaveProperty("hostname");
  });
});

describe("the check of workers.json", () => {
  const LIST = 'write [{ "host": "10.0.0.1" }], or [] for no workers';
  const HOST = 'write it as "10.0.0.1", "2001:db8::1" or "db-1.example.org"';
  const LABEL = "use letters, digits, - . and _, beginning with a letter or digit";
  const one = (over: object, message: string): [unknown, string] => [[{ host: "10.0.0.1", ...over }], `[0].${message}`];

  it.each<[unknown, string]>([
    [null, `: must be a list of workers, but is null (${LIST})`],
    [{ host: "10.0.0.1" }, `: must be a list of workers, but is an object (${LIST})`],
    ["10.0.0.1", `: must be a list of workers, but is "10.0.0.1" (${LIST})`],
    [["10.0.0.1"], '[0]: must be an object, but is "10.0.0.1" (write { "host": "10.0.0.1" })'],
    [[[]], '[0]: must be an object, but is an empty list (write { "host": "10.0.0.1" })'],
    [[{}], '[0].host: is missing (write "host": "10.0.0.1")'],
    [[{ host: 5 }], '[0].host: must be text in quotes, but is 5 (write "5")'],
    [[{ host: "" }], `[0].host: "" is not an IPv4 or IPv6 address or a DNS name (${HOST})`],
    [[{ host: "x y;z" }], `[0].host: "x y;z" is not an IPv4 or IPv6 address or a DNS name (${HOST})`],
    [[{ host: "10.0.0.256" }], `[0].host: "10.0.0.256" is not an IPv4 or IPv6 address or a DNS name (${HOST})`],
    [
      [{ host: "web1" }, { host: "a" }, { host: "WEB1 " }],
      "[2].host: WEB1 is already worker [0], written as web1 (list each worker once)",
    ],
    one({ labels: "web" }, 'labels: must be a list, but is "web" (write ["web"])'),
    one({ labels: ["o'b"] }, `labels: "o'b" is not a label (${LABEL})`),
    one({ labels: [" "] }, `labels: "" is not a label (${LABEL})`),
    one({ memory: 4096 }, 'memory: must be text in quotes, but is 4096 (write "4096")'),
    one({ memory: "4 GiB" }, 'memory: "4 GiB" is not an amount (write it as "4 gb")'),
    one({ cpu: "-2 ghz" }, 'cpu: "-2 ghz" is not an amount (write it as "2 ghz")'),
    one({ tags: ["zone"] }, 'tags: must be an object, but is a list (write { "zone": "eu-1" })'),
    one({ tags: { rack: 7 } }, 'tags.rack: must be text in quotes, but is 7 (write "7")'),
    one({ position: 1.5 }, "position: must be a whole number, but is 1.5"),
    one({ position: "1" }, 'position: must be a number, but is "1" (write 1, without quotes)'),
    one(
      { transport: "SSH" },
      'transport: "SSH" is not a transport (write ssh, local, or the lower-case name of a plugin\'s transport)',
    ),
    one({ port: 0 }, "port: must be at least 1, but is 0"),
    one({ port: 65536 }, "port: must be at most 65535, but is 65536"),
    one({ port: 22.5 }, "port: must be a whole number, but is 22.5"),
    one({ port: "22" }, 'port: must be a number, but is "22" (write 22, without quotes)'),
    one({ user: "root; id" }, 'user: "root; id" is not a user name (use letters, digits, - . and _)'),
    one({ identity: "" }, "identity: must not be empty (name a key file, or remove the key)"),
    one({ hostname: null }, "hostname: must be text in quotes, but is null (set a value, or remove the key)"),
  ])("refuses %j with a problem and a hint", (written, expected) => {
    expect(described(written)).toEqual([expected]);
    expect(resolve(written).problems[0]?.level).toBe("error");
  });

  it("reports a duplicate host with its own code", () => {
    expect(resolve([{ host: "a" }, { host: "a" }]).problems[0]?.code).toBe("duplicate_host");
    expect(resolve([{ host: "a b" }]).problems[0]?.code).toBe("invalid_workers");
  });

  it("treats hosts in upper and lower case as the same worker", () => {
    expect(described([{ host: "WEB1" }, { host: "web1" }])).toEqual([
      "[1].host: web1 is already worker [0], written as WEB1 (list each worker once)",
    ]);
  });

  it.each([
    ["::1", "0:0:0:0:0:0:0:1"],
    ["2001:db8::1", "2001:DB8:0:0::1"],
    ["10.0.0.1", "::ffff:10.0.0.1"],
    ["::ffff:a00:1", "10.0.0.1"],
    ["db-1.example.org", "DB-1.Example.org."],
  ])("treats %s and %s as one worker, and names both entries", (first, second) => {
    expect(described([{ host: first }, { host: "other" }, { host: second }])).toEqual([
      `[2].host: ${second} is already worker [0], written as ${first} (list each worker once)`,
    ]);
    const hosts = [first, second].map((host) => resolve([{ host }]).workers[0]?.host);
    expect(hosts[0]).toBe(hosts[1]);
  });

  it.each(["..", "../x.key", "a/../../x", ".", "~/.ssh/id", "~"])(
    "refuses the key file %s, which is outside secrets/",
    (identity) => {
      expect(described([{ host: "a", identity }])).toEqual([
        `[0].identity: ${JSON.stringify(identity)} is not under secrets/ (write the name of a file under secrets/, or an absolute path)`,
      ]);
    },
  );

  it("accepts key files under secrets/ and absolute paths", () => {
    for (const identity of ["x.key", "keys/x", "a/../x", "./x", "/home/ops/.ssh/id"])
      expect(resolve([{ host: "a", identity }]).workers[0]?.identity).toBe(identity);
  });

  it.each([["hostname"], ["identity"]])("refuses control characters in %s, and prints them escaped", (key) => {
    for (const code of ["\u001b[31m", "\u0007", "\u009b", "\u007f", "a\nb"]) {
      const [message = ""] = described([{ host: "a", [key]: `x${code}y` }]);
      expect(message).toMatch(/contains a control character/);
      expect(message).not.toMatch(/\p{Cc}/u);
    }
  });

  it("refuses control characters in tags", () => {
    expect(described([{ host: "a", tags: { zone: "eu\u001b[0m" } }])[0]).toMatch(
      /^\[0\]\.tags\.zone: .*contains a control character/,
    );
  });

  it("reports all problems of an entry, and omits the entry", () => {
    const written = [{ host: "a" }, { host: "A", labels: ["o'b"], memory: "4 GiB", position: "x" }];
    expect(described(written)).toEqual([
      '[1].memory: "4 GiB" is not an amount (write it as "4 gb")',
      '[1].position: must be a number, but is "x"',
      "[1].host: A is already worker [0], written as a (list each worker once)",
      `[1].labels: "o'b" is not a label (${LABEL})`,
    ]);
    expect(resolve(written).workers.map(({ host }) => host)).toEqual(["a"]);
  });

  it("reports all problems in file order, and keeps the valid workers", () => {
    const { workers, problems } = resolve([
      { host: "10.0.0.1", memory: 5, lables: [] },
      { host: "10.0.0.2" },
      { host: "10.0.0.2", labels: ["a b"], port: 0 },
      { host: "10.0.0.2", labels: ["a b"] },
    ]);
    expect(workers.map(({ host, position }) => [host, position])).toEqual([
      ["10.0.0.2", 1],
      ["10.0.0.2", 3],
    ]);
    expect(problems.map(({ where }) => where.slice(FILE.length + 2))).toEqual([
      "[0].memory",
      "[0].lables",
      "[2].port",
      "[2].host",
      "[2].labels",
      "[3].host",
      "[3].labels",
    ]);
  });

  it("reports nothing for a file that could not be read and was already reported", () => {
    expect(resolve(undefined)).toEqual({ workers: [], problems: [] });
  });
});

it("unknown keys of a worker are reported with the closest known key", () => {
  const { workers, problems } = resolve([{ host: "a" }, { host: "b", lables: ["web"], colour: "red" }]);
  expect(workers).toHaveLength(2);
  expect(problems).toEqual([
    {
      code: "unknown_key",
      level: "warning",
      where: `${FILE}: [1].lables`,
      message: 'unknown key "lables" is ignored',
      hint: 'did you mean "labels"?',
    },
    {
      code: "unknown_key",
      level: "warning",
      where: `${FILE}: [1].colour`,
      message: 'unknown key "colour" is ignored',
      hint: expect.stringMatching(/^valid keys: host, /),
    },
  ]);
});
