import type { SavedAllocation, SavedPlan } from "@maand/saved-plans";
import { describe, expect, it } from "vitest";
import { planMarkdown } from "./plan-markdown.ts";

type Job = SavedPlan["waves"][number]["jobs"][number];

function row(host: string, over: Partial<SavedAllocation> = {}): SavedAllocation {
  return {
    worker_ip: host,
    action: "restart",
    tree: "t",
    reasons: ["version 1.0.0 -> 2.0.0"],
    matched: [],
    current_version: "1.0.0",
    new_version: "2.0.0",
    previous_hash: null,
    current_hash: null,
    files: [],
    ...over,
  };
}

function job(name: string, allocations: readonly SavedAllocation[], over: Partial<Job> = {}): Job {
  return {
    job: name,
    required: true,
    pre_deploy: "none",
    blocked_by: null,
    after_pending: false,
    health_pending: false,
    rollout: null,
    unchanged: 0,
    allocations: [...allocations],
    ...over,
  };
}

function plan(jobs: readonly Job[], over: Partial<SavedPlan> = {}): SavedPlan {
  return {
    maand_plan: 1,
    digest: "0123456789abcdef",
    bucket: "b",
    commit: null,
    from_workspace: false,
    options: { jobs: [], force: false, sync_only: false, revert: null, with_hooks: false },
    required: jobs.some(({ required }) => required),
    notes: [],
    waves: [{ deployment_seq: 0, jobs: [...jobs] }],
    stopping: [],
    undecided: [],
    failures: [],
    held: [],
    rests_on: {
      ...{ last_run: 0, update_seq: 0, maand: "1", plugins: {}, settings: {}, jobs: {}, workers: {} },
      ...{ allocations: {}, rollouts: {}, in_doubt: [], kv: {}, kv_keys: {} },
    },
    ...over,
  };
}

const DIFF = "diff --git a/app.conf b/app.conf\n--- a/app.conf\n+++ b/app.conf\n@@ -1,1 +1,1 @@\n-a\n+b\n";
const CHANGED = { files: [{ path: "app.conf", change: "modified" as const, diff: DIFF }] };

describe("a plan as markdown", () => {
  it("has one row for workers with equal changes, and one collapsed diff for all of them", () => {
    const text = planMarkdown(plan([job("api", [row("10.0.0.1", CHANGED), row("10.0.0.2", CHANGED)])]));
    expect(text).toBe(
      [
        "### maand plan: 2 allocations of 1 job change",
        "",
        "| Wave | Job | Action | Version | Workers | Why |",
        "| --- | --- | --- | --- | --- | --- |",
        "| 0 | <code>api</code> | restart | 1.0.0 -&gt; 2.0.0 | <code>10.0.0.1</code>, <code>10.0.0.2</code> | version 1.0.0 -&gt; 2.0.0 |",
        "",
        "<details><summary><code>api</code>: <code>app.conf</code> on 10.0.0.1 and 1 more worker</summary>",
        "",
        "```diff",
        DIFF.trimEnd(),
        "```",
        "",
        "</details>",
        "",
        "<sub>plan <code>0123456789ab</code> of bucket <code>b</code></sub>",
        "",
      ].join("\n"),
    );
  });

  it("has a title for a plan without changes", () => {
    const unchanged = job("api", [], { required: false, unchanged: 1 });
    expect(planMarkdown(plan([unchanged]))).toMatch(/^### maand plan: nothing to deploy\n\n<sub>/);
  });

  it("lists the steps of a staged rollout: the workers of this deploy, its pauses, and the workers of later steps", () => {
    const rollout = {
      state: "under_way" as const,
      steps: [
        { step: 1, of: 5, size: "1", workers: ["10.0.0.1"] },
        { step: 2, of: 5, size: "10m", workers: [] },
        { step: 3, of: 5, size: "25%", workers: [] },
        { step: 4, of: 5, size: "pause", workers: [] },
      ],
      waiting: ["10.0.0.2", "10.0.0.3"],
    };
    expect(planMarkdown(plan([job("api", [row("10.0.0.1")], { rollout })]))).toContain(
      [
        "Staged rollout of <code>api</code>:",
        "- step 1 of 5 (1): <code>10.0.0.1</code>",
        "- step 2 of 5 waits 10m",
        "- step 3 of 5 (25%): checks the health of the workers that it rolled out to",
        "- step 4 of 5 pauses, until <code>maand rollout resume api</code> or <code>maand rollout abort api</code>",
        "- in later steps: <code>10.0.0.2</code>, <code>10.0.0.3</code>",
        "",
        "| Wave |",
      ].join("\n"),
    );
    const paused = { ...rollout, state: "paused" as const, steps: rollout.steps.slice(3) };
    const text = planMarkdown(plan([job("api", [], { rollout: paused, required: false })]));
    expect(text).toMatch(/^### maand plan: 1 rollout paused\n\nStaged rollout of <code>api<\/code>, paused:\n/);
  });

  it("shows stops, failures, undecided jobs and notes before the changes", () => {
    const text = planMarkdown(
      plan([job("api", [row("10.0.0.1")], { blocked_by: "db" })], {
        stopping: [
          {
            job: "old",
            worker_ip: "10.0.0.3",
            stop: true,
            notify: false,
            remove: true,
            reason: "its job was removed from the workspace",
          },
        ],
        failures: [{ job: "db", code: "RENDER_FAILED", message: "no such key", hint: null }],
        undecided: [{ job: "web", message: "no key token" }],
        notes: ["post_build of api did not run"],
      }),
    );
    expect(text).toMatch(
      /^### maand plan: 1 allocation of 1 job change, 1 allocation to stop, 1 job undecided, 1 job cannot be planned\n/,
    );
    const order = [
      "<code>db</code> cannot be planned",
      "<code>web</code> needs",
      "post",
      "stop and remove",
      "blocked by db",
    ];
    expect(order.map((part) => text.indexOf(part))).toEqual(
      order.map((part) => text.indexOf(part)).sort((a, b) => a - b),
    );
    expect(order.filter((part) => !text.includes(part))).toEqual([]);
  });

  it("escapes markup, mentions and code fences", () => {
    const nasty = "a|b `c` <img src=x> @team **x** [y](z)";
    const diff = "diff --git a/x b/x\n+```\n+````sh\n+\u001b[2J\n";
    const text = planMarkdown(
      plan([
        job("api", [row("10.0.0.1", { reasons: [nasty], files: [{ path: "<b>|@all.md", change: "added", diff }] })]),
      ]),
    );
    const [table = "", block = ""] = text.split("<details>");
    expect(table).not.toMatch(/<img|@team|\*\*x|\[y\]|a\|b/);
    expect(block).toContain("&lt;b&gt;|&#64;all.md");
    expect(block).toContain("`````diff\n");
    expect(block).toContain("+\\x1b[2J\n`````\n");
  });

  it("fits into a comment, however large the plan is, and reports what is left out", () => {
    const files = (at: number) => ({
      files: [{ path: `conf/${at}.conf`, change: "modified" as const, diff: `${DIFF}${"+é\n".repeat(400)}` }],
    });
    const many = Array.from({ length: 300 }, (_, at) => job(`job${at}`, [row(`10.0.${at}.1`, files(at))]));
    const text = planMarkdown(plan(many));
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(65_000);
    expect(Buffer.byteLength(text)).toBeGreaterThan(55_000);
    expect(text).toMatch(/> \d+ more differences not shown here, because the size of a comment is limited/);
    expect(text.match(/<details>/g)?.length).toBe(text.match(/<\/details>/g)?.length);
    expect(text).toMatch(/<sub>plan .*<\/sub>\n$/);
    const rows = planMarkdown(plan(Array.from({ length: 3000 }, (_, at) => job(`job${at}`, [row(`10.0.${at}.1`)]))));
    expect(Buffer.byteLength(rows)).toBeLessThanOrEqual(65_000);
    expect(rows).toMatch(/> \d+ more rows not shown here/);
  });
});
