import { describe, expect, it } from "vitest";
import { type Choosable, chooseWorkers } from "./choose-workers.ts";

const worker = (host: string, more: Partial<Choosable> = {}): Choosable => ({
  host,
  labels: ["worker"],
  tags: {},
  ...more,
});

const WORKERS = [
  worker("10.0.0.1", { hostname: "web-1", labels: ["web", "worker"], tags: { zone: "A" } }),
  worker("10.0.0.2", { hostname: "web-2", labels: ["web", "worker"], tags: { zone: "b" } }),
  worker("db.example.org", { hostname: "db", labels: ["db", "worker"], tags: { zone: "b" } }),
  worker("fd00::1", { hostname: "db" }),
];

const hosts = (...words: readonly string[]) =>
  chooseWorkers(words, WORKERS, "--workers").chosen.map(({ worker: { host } }) => host);
const problems = (...words: readonly string[]) => chooseWorkers(words, WORKERS, "--workers").problems;

describe("chooseWorkers", () => {
  it.each([
    ["a host in a different notation", ["FD00:0::1", "DB.example.org."], ["db.example.org", "fd00::1"]],
    ["a host", ["10.0.0.2"], ["10.0.0.2"]],
    ["an IPv6 host", ["fd00::1"], ["fd00::1"]],
    ["a host in any case", ["DB.Example.ORG"], ["db.example.org"]],
    ["a hostname", ["web-2"], ["10.0.0.2"]],
    ["a label", ["label:web"], ["10.0.0.1", "10.0.0.2"]],
    ["a label in any case, with spaces", ["Label: WEB"], ["10.0.0.1", "10.0.0.2"]],
    ["a zone", ["zone:B"], ["10.0.0.2", "db.example.org"]],
    [
      "several terms, with each worker once, in the order of the catalog",
      ["zone:b", "label:web"],
      ["10.0.0.1", "10.0.0.2", "db.example.org"],
    ],
  ])("accepts %s", (_, words, wanted) => {
    expect(problems(...words)).toEqual([]);
    expect(hosts(...words)).toEqual(wanted);
  });

  it("distinguishes workers selected by name from workers selected by label", () => {
    const { chosen } = chooseWorkers(["label:web", "10.0.0.2"], WORKERS, "--workers");
    expect(chosen.map(({ named }) => named)).toEqual([false, true]);
  });

  it.each([
    ["10.0.0.9", "unknown_worker", 'did you mean "10.0.0.1"?'],
    ["nobody", "unknown_worker", "to list the workers, run maand cat workers"],
    ["web", "unknown_worker", 'did you mean "label:web"?'],
    ["label:wbe", "empty_selection", 'did you mean "label:web"?'],
    ["zone:nowhere", "empty_selection", "to list the workers, run maand cat workers"],
    ["label:", "empty_selection", 'did you mean "label:db"?'],
    ["db", "ambiguous_worker", "name one of these hosts instead"],
  ])("refuses %s", (word, code, hint) => {
    expect(problems(word)).toMatchObject([{ code, where: "--workers", hint }]);
  });

  it("reports all problems at once", () => {
    expect(problems("x", "label:y", "10.0.0.1").map(({ code }) => code)).toEqual(["unknown_worker", "empty_selection"]);
  });
});
