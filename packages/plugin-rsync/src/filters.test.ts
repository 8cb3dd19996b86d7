import { expect, test } from "vitest";
import { filterRules } from "./filters.ts";

test("the rules for two jobs are in order of precedence", () => {
  expect(filterRules({ jobs: ["api", "web"], keep: ["data", "logs"], protect: new Map() })).toEqual([
    "- /jobs/api/data",
    "- /jobs/api/logs",
    "- /jobs/web/data",
    "- /jobs/web/logs",
    "P /*",
    "P /jobs/*",
    "P /bin/**",
    "+ /worker.json",
    "+ /jobs.json",
    "+ /bin/",
    "+ /bin/**",
    "+ /jobs/",
    "+ /jobs/api/",
    "+ /jobs/api/**",
    "+ /jobs/web/",
    "+ /jobs/web/**",
    "- *",
  ]);
});

test("without jobs, no rule names the directory of a job", () => {
  const rules = filterRules({ jobs: [], keep: ["data"], protect: new Map() });
  expect(rules.filter((rule) => rule.includes("jobs/"))).toEqual(["P /jobs/*"]);
  expect(rules.at(-1)).toBe("- *");
});

test("special characters of rsync are literal in a name", () => {
  expect(filterRules({ jobs: ["a"], keep: ["*[x]?\\"], protect: new Map() })[0]).toBe("- /jobs/a/\\*\\[x]\\?\\\\");
});

test("keep patterns protect names at any depth, and paths relative to the job's directory", () => {
  const rules = filterRules({ jobs: ["api", "web"], keep: [], protect: new Map([["api", ["*.pid", "run/"]]]) });
  expect(rules.slice(0, 6)).toEqual([
    "P /jobs/api/*.pid",
    "P /jobs/api/*.pid/**",
    "P /jobs/api/**/*.pid",
    "P /jobs/api/**/*.pid/**",
    "P /jobs/api/run",
    "P /jobs/api/run/**",
  ]);
});

test("a question mark matches a character of up to four bytes, and several asterisks become one", () => {
  const rules = (pattern: string) => filterRules({ jobs: ["api"], keep: [], protect: new Map([["api", [pattern]]]) });
  const high = "[![:print:][:cntrl:]]";
  const tops = rules("d/a?").filter((rule) => rule.startsWith("P /jobs/api/d/a") && !rule.endsWith("/**"));
  expect(tops).toEqual([1, 2, 3, 4].map((bytes) => `P /jobs/api/d/a${bytes === 1 ? "?" : high.repeat(bytes)}`));
  expect(rules("d/????x")[0]).toBe("P /jobs/api/d/*x");
  expect(rules("d/**x")[0]).toBe("P /jobs/api/d/*x");
});

test("a backslash in a name without wildcards is literal for rsync without escaping", () => {
  expect(filterRules({ jobs: ["a"], keep: ["x\\y"], protect: new Map() })[0]).toBe("- /jobs/a/x\\y");
});
