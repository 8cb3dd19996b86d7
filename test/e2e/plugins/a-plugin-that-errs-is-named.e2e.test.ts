import { describe, expect, it } from "vitest";
import { type Scratch, scratch } from "../../support/bucket/scratch.ts";

/** Creates a bucket with one local worker and job, and with a plugin `odd` whose `apply` has this body. */
async function withPlugin(
  body: string,
  { onTestFinished }: { onTestFinished(done: () => void): void },
): Promise<Scratch> {
  const bucket = await scratch('transport = "local"\n');
  onTestFinished(() => bucket.dispose());
  bucket.workers({ host: "127.0.0.11" });
  bucket.job("api", { selectors: ["worker"] });
  bucket.write(
    "maand.config.mjs",
    `export default { plugins: ["defaults", { name: "odd", apply(hooks) { ${body} } }] };\n`,
  );
  return bucket;
}

describe("a deploy with a faulty plugin", () => {
  it.for([
    ["in a promise that is not awaited", 'void Promise.reject(new Error("stray"));'],
    ["in a timer", 'setTimeout(() => { throw new Error("stray"); });'],
  ] as const)(
    "fails, saves its state and names the current action if the plugin throws %s",
    async ([, throws], context) => {
      const bucket = await withPlugin(
        `hooks.rollout.tapPromise({ name: "odd", before: "make" }, async ({ signal }) => {
        const ended = new Promise((resolve) => signal.addEventListener("abort", resolve));
        ${throws}
        await ended;
        throw new Error("ended");
      });
      hooks.commit.tapPromise("odd", async ({ log, summary }) => log("outcome in commit: " + summary.outcome));`,
        context,
      );
      const { code, stdout, stderr } = await bucket.maand("deploy", "--build");
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^maand: unexpected error \(UNEXPECTED\): Error: stray \(maand\.config\.mjs:\d+:\d+\); details in logs\/errors\/\S+$/m,
      );
      expect(stdout + stderr).toContain("outcome in commit: ");
    },
  );

  it("refuses a call that the plugin makes after its tap has ended, names the plugin, and continues", async (context) => {
    const bucket = await withPlugin(
      `let late;
      hooks.orchestrate.tapPromise("odd", async ({ rollOut }) => {
        void new Promise((resolve) => { late = resolve; }).then(() => rollOut(["127.0.0.11"]));
      });
      hooks.started.tapPromise("odd", async () => {
        late();
        await new Promise((resolve) => setImmediate(resolve));
      });`,
      context,
    );
    const { code, stderr } = await bucket.maand("deploy", "--build");
    expect(stderr).toContain("odd called rollOut after its orchestrate tap had returned; the call was rejected");
    expect(stderr).not.toContain("unexpected error");
    expect(code).toBe(0);
  });

  it("fails an allocation whose plugin never calls its callback, and the next deploy resumes", async (context) => {
    const bucket = await withPlugin(
      'hooks.rollout.tapAsync({ name: "odd", before: "make" }, (context, back) => undefined);',
      context,
    );
    const { code, stderr } = await bucket.maand("deploy", "--build");
    expect(code).toBe(1);
    expect(stderr).toContain(
      "odd is stuck in rollout of api@127.0.0.11: it is waiting on a promise that never settles",
    );
    expect(stderr).toContain("look for a promise that is never resolved or a callback that is never called");
    bucket.write("maand.config.mjs", "export default {};\n");
    const next = await bucket.maand("deploy");
    expect(next).toMatchObject({ code: 0, stderr: expect.stringMatching(/ok start api@127\.0\.0\.11/) });
  });

  it("reports a promise of the configuration that never settles", async (context) => {
    const bucket = await withPlugin("", context);
    bucket.write("maand.config.mjs", "await new Promise(() => undefined);\nexport default {};\n");
    const { code, stderr } = await bucket.maand("deploy", "--build");
    expect(code).not.toBe(0);
    expect(stderr).toContain("maand: exited early: the configuration or a command of a plugin is waiting on");
  });
});

it("maand reports a syntax error in the bucket's package.json with its line, from any directory", async () => {
  const bucket = await scratch();
  try {
    bucket.write("package.json", '{\n  "name": "x",\n}\n');
    const { code, stderr } = await bucket.start(["plugins"], { cwd: `${bucket.root}/workspace` }).ended;
    expect(code).toBe(2);
    expect(stderr).toContain("package.json:3:1: Expected double-quoted property name");
    expect(stderr).not.toMatch(/^ +at /m);
  } finally {
    bucket.dispose();
  }
});

describe("a plugin that never stops", () => {
  it("keeps the process running after a command, until the first signal ends it with the command's exit code", async (context) => {
    const bucket = await withPlugin('setInterval(() => process.exitCode === 0 && console.error("over"), 20);', context);
    const running = bucket.start(["deploy", "--build"]);
    await running.prints("over");
    running.kill("SIGTERM");
    expect(await running.ended).toMatchObject({ code: 0, signal: null });
  });

  it("keeps its tap running despite the abort signal, until the second signal ends the command", async (context) => {
    const bucket = await withPlugin(
      `hooks.rollout.tapPromise({ name: "odd", before: "make" }, () => {
        console.error("hangs");
        return new Promise((resolve) => setTimeout(resolve, 600_000));
      });`,
      context,
    );
    const running = bucket.start(["deploy", "--build"]);
    await running.prints("hangs");
    running.kill("SIGINT");
    await running.prints("not stopped yet: odd in rollout of api@127.0.0.11; press Ctrl-C again to force");
    running.kill("SIGTERM");
    expect(await running.ended).toMatchObject({ code: 130 });
  });
});

describe("a plugin with a dispose function", () => {
  /** A plugin whose `dispose` takes a moment, and whose `begin` has this body. */
  const config = (begin: string) => `const plugin = {
  name: "odd",
  apply: ({ begin }) => begin.tapPromise("odd", async ({ signal }) => { ${begin} }),
  async dispose() {
    await new Promise((resolve) => setTimeout(resolve, 50));
    console.error("the rest was sent");
  },
};
export default { plugins: ["defaults", plugin] };
`;

  it.for([
    ["succeeds", "", 0],
    ["is refused", 'throw new Error("no");', 1],
  ] as const)("is disposed when the command %s", async ([, begin, exit], context) => {
    const bucket = await withPlugin("", context);
    bucket.write("maand.config.mjs", config(begin));
    const { code, stderr } = await bucket.maand("deploy", "--build");
    expect(code).toBe(exit);
    expect(stderr).toContain("the rest was sent");
  });

  it("is disposed after Ctrl-C", async (context) => {
    const bucket = await withPlugin("", context);
    const hang =
      'console.error("hangs"); await new Promise((resolve) => signal.addEventListener("abort", resolve)); throw new Error("stopped");';
    bucket.write("maand.config.mjs", config(hang));
    const running = bucket.start(["deploy", "--build"]);
    await running.prints("hangs");
    running.kill("SIGINT");
    const { stderr } = await running.ended;
    expect(stderr).toContain("the rest was sent");
  });
});
