import type { RenderContext, Tree } from "@maand/core";
import { createHooks } from "@maand/core/internal";
import { aFile, aJob, anAllocation, aWorker, type FakeKv, fakeKv, renderContext } from "@maand/core/testing";
import { typed } from "@maand/gotemplate";
import { describe, expect, it } from "vitest";
import { templates } from "./index.ts";

function hooksWith() {
  const hooks = createHooks();
  templates().apply(hooks);
  return hooks;
}

const BARE: Tree = { files: [aFile({ path: "Makefile" })] };

/** A context with these sources: path to text. */
function given(sources: Readonly<Record<string, string>>, over: Partial<RenderContext> = {}): RenderContext {
  const files = Object.keys(sources).map((path) => aFile({ path }));
  return renderContext({ sources: files, read: ({ path }) => Buffer.from(sources[path] ?? ""), ...over });
}

/** The output of one template with these KV entries. */
async function text(source: string, kv: FakeKv = {}, over: Partial<RenderContext> = {}): Promise<string> {
  const tree = await hooksWith().render.promise({ files: [] }, given({ "a.tpl": source }, { kv: fakeKv(kv), ...over }));
  return Buffer.from(tree.files[0]?.content ?? []).toString();
}

async function failure(source: string, kv: FakeKv = {}): Promise<unknown> {
  return text(source, kv).catch((thrown: unknown) => thrown);
}

describe("the files of an allocation", () => {
  it("stay unchanged without templates", async () => {
    expect(await hooksWith().render.promise(BARE, given({ "_modules/a.py": "x" }))).toBe(BARE);
  });

  it("include each rendered template without its suffix, at any depth", async () => {
    const tree = await hooksWith().render.promise(BARE, given({ "a.conf.tpl": "{{.Job}}", "x/y/b.tpl": "b" }));
    expect(tree.files.map(({ path }) => path)).toEqual(["Makefile", "a.conf", "x/y/b"]);
  });

  it("include no templates of modules and Prometheus files", async () => {
    const sources = { "_modules/a.py.tpl": "x", "_prometheus/scrape.yaml.tpl": "x", "deep/_modules/b.tpl": "b" };
    const tree = await hooksWith().render.promise({ files: [] }, given(sources));
    expect(tree.files.map(({ path }) => path)).toEqual(["deep/_modules/b"]);
  });

  it("include a rendered template instead of a file of this name, with the template's executable bit", async () => {
    const context = { ...given({ "run.tpl": "new" }), sources: [aFile({ path: "run.tpl", executable: true })] };
    const { files } = await hooksWith().render.promise({ files: [aFile({ path: "run" })] }, context);
    expect(files).toHaveLength(1);
    expect(files[0]).toMatchObject({ path: "run", executable: true, size: 3, content: Buffer.from("new") });
  });

  it("are marked as secret only if they contain a secret, regardless of the function that read it", async () => {
    const kv = fakeKv({ "secrets/job/api": { p: "s" }, "maand/job/api": { name: "api" } });
    const hooks = hooksWith();
    hooks.templateFunctions.tap("mine", (functions, current) => ({
      ...functions,
      mine: () => current().kv.find("secrets/job/api", "p"),
    }));
    const sources = {
      "a.tpl": '{{getSecret "p"}}',
      "b.tpl": '{{get "maand/job/api" "name"}}',
      "c.tpl": '{{get "secrets/job/api" "p"}}',
      "d.tpl": "{{mine}}",
      "e.tpl": "plain",
    };
    const { files } = await hooks.render.promise({ files: [] }, given(sources, { kv }));
    expect(files.filter(({ secret }) => secret).map(({ path }) => path)).toEqual(["a", "c", "d"]);
  });
});

describe("the dot of a template", () => {
  const allocation = anAllocation({ id: "alloc-1", host: "10.0.0.7" });
  const worker = aWorker({ host: "10.0.0.7", workerId: "w-7", labels: ["worker", "db"] });
  const context = { allocation, worker, job: aJob({ version: "2.0.0" }), updateSeq: 12, root: "/srv/b" };

  it.each([
    ["{{.AllocationID}} {{.Job}}", "alloc-1 api"],
    ["{{.CurrentVersion}} {{.NewVersion}}", "1.0.0 2.0.0"],
    ["{{.BucketID}} {{.WorkerID}} {{.WorkerIP}}", "bucket w-7 10.0.0.7"],
    ["{{.Labels}} {{.UpdateSeq}} {{add .UpdateSeq 1}}", "[db worker] 12 13"],
    ["{{.BucketPath}} {{.JobPath}}", "/srv/b /srv/b/jobs/api"],
    [
      "{{with .WorkerData}}{{.WorkerIP}} {{.WorkerID}} {{.BucketID}} {{.Labels}} {{.UpdateSeq}}{{end}}",
      "10.0.0.7 w-7 bucket [db worker] 12",
    ],
  ])("has the fields of %s", async (source, expected) => {
    expect(await text(source, {}, context)).toBe(expected);
  });

  it("fails for an unknown field, instead of printing <no value>", async () => {
    expect(await failure("{{.WorkerIp}}")).toMatchObject({
      message: expect.stringContaining("there is no .WorkerIp; there are .AllocationID"),
    });
    expect(await failure("{{.WorkerData.Nope}}")).toMatchObject({
      message: expect.stringContaining("there is no .Nope"),
    });
  });
});

describe("the value functions", () => {
  const kv = { "vars/job/api": { a: "1", b: "2", c: "" }, "secrets/job/api": { p: "geheim" } };

  it.each([
    ['{{get "vars/job/api" "a"}}', "1"],
    ['{{getOptional "vars/job/api" "a"}}', "1"],
    ['[{{getOptional "vars/job/api" "nope"}}]', "[]"],
    ['{{getSecret "p"}}', "geheim"],
    ['{{keys "vars/job/api"}}', "[a b c]"],
  ])("render %s as %s", async (source, expected) => {
    expect(await text(source, kv)).toBe(expected);
  });

  it.each([
    ['{{get "vars/job/api" "nope"}}', 'get: the KV namespace vars/job/api has no key "nope"'],
    ['{{get "vars/job/db" "a"}}', 'get: job api may not read the KV namespace vars/job/db (key "a")'],
    ['{{getOptional "vars/job/db" "a"}}', 'may not read the KV namespace vars/job/db (key "a")'],
    ['{{getSecret "nope"}}', 'the KV namespace secrets/job/api has no key "nope"'],
    ['{{keys "vars/job/db"}}', "may not read the KV namespace vars/job/db"],
    ['{{get "vars/job/api" 1}}', "expected string; found 1"],
    ['{{get "vars/job/api"}}', "wrong number of args for get: want 2 got 1"],
  ])("fail for %s", async (source, message) => {
    expect(await failure(`\n  ${source}`, kv)).toMatchObject({
      code: "RENDER_FAILED",
      worker: "10.0.0.1",
      message: expect.stringContaining(message),
    });
    expect(await failure(`\n  ${source}`, kv)).toMatchObject({
      message: expect.stringMatching(/^workspace\/jobs\/api\/a\.tpl:2:\d+: .* \(rendered for 10\.0\.0\.1\)$/),
    });
  });

  it("return sorted keys, regardless of the order of writes", async () => {
    expect(await text('{{range keys "vars/job/api"}}{{.}} {{end}}', { "vars/job/api": { z: "", m: "", a: "" } })).toBe(
      "a m z ",
    );
  });
});

describe("the text functions", () => {
  it.each([
    ['{{split "a,b" ","}}', "[a b]"],
    ['{{len (split "" ",")}}', "1"],
    ['{{split "äb" ""}}', "[ä b]"],
    ['{{join (split "a,b" ",") "-"}}', "a-b"],
    ['{{join .Labels "+"}}', "worker"],
    ['[{{trim " \\t\\n a b \\u0085"}}]', "[a b]"],
    ['{{upper "straße"}} {{lower "ÄB"}}', "STRAßE äb"],
  ])("render %s as %s", async (source, expected) => {
    expect(await text(source)).toBe(expected);
  });

  it.each([
    ["{{split 1 2}}", "expected string; found 1"],
    ['{{join "a" "b"}}', "can't handle a literal"],
    ["{{upper 1}}", "expected string; found 1"],
    ["{{trim .Labels}}", "expected string; got []"],
  ])("fail for %s: %s", async (source, message) => {
    expect(await failure(source)).toMatchObject({ message: expect.stringContaining(message) });
  });
});

describe("the number functions", () => {
  it.each([
    ["{{add 1 2}} {{sub 1 2}} {{mul 3 4}}", "3 -1 12"],
    ["{{div 7 2}} {{div -7 2}} {{div 7 -2}}", "3 -3 -3"],
    ["{{min 3 -4}} {{max 3 -4}}", "-4 3"],
    ["{{mul 100000000000 90000000}}", "9000000000000000000"],
    ["{{add 9223372036854775806 1}}", "9223372036854775807"],
    ["{{add 9223372036854775807 1}}", "-9223372036854775808"],
    ["{{div (mul 9007199254740993 1000) 1000}}", "9007199254740993"],
    ['{{int " 42\\n"}} {{int "-5"}} {{int "+5"}} {{int "007"}} {{int 8}}', "42 -5 5 7 8"],
    ['{{if eq (int "3") 3}}same{{end}}', "same"],
  ])("render %s as %s", async (source, expected) => {
    expect(await text(source)).toBe(expected);
  });

  it.each([
    ["{{div 1 0}}", "division by zero"],
    ['{{add "1" 2}}', 'expected integer; found "1"'],
    ['{{add (split "1" "") 2}}', "expected int; got []"],
    ["{{add 1}}", "wrong number of args"],
    ["{{max 1 2 3}}", "wrong number of args"],
    ['{{int ""}}', '"" is not a whole number'],
    ['{{int "12mb"}}', '"12mb" is not a whole number'],
    ['{{int "9223372036854775808"}}', "is not a whole number"],
    ["{{int true}}", "true is not a whole number"],
  ])("fail for %s: %s", async (source, message) => {
    expect(await failure(source)).toMatchObject({ code: "RENDER_FAILED", message: expect.stringContaining(message) });
  });

  it("accept only plain whole numbers, and refuse a fraction or an exponent with a hint", async () => {
    expect(await text('{{div (int (get "m" "v")) 4}}', { m: { v: "1048576" } })).toBe("262144");
    expect(await failure('{{int "2150.4"}}')).toMatchObject({
      message: expect.stringContaining('"2150.4" is not a whole number'),
      hint: expect.stringContaining("use a whole number where it is set"),
    });
    expect(await failure('{{int "1.048576e+06"}}')).toMatchObject({ code: "RENDER_FAILED" });
  });
});

describe("template functions of other plugins", () => {
  it("are added by a tap, receive the allocation, and can declare the types of their arguments", async () => {
    const hooks = hooksWith();
    hooks.templateFunctions.tap("ports", (functions, current) => ({
      ...functions,
      port: typed(["string"], (name) => current().job.ports[name] ?? 0),
    }));
    const job = aJob({ ports: { http: 8080 } });
    const { files } = await hooks.render.promise({ files: [] }, given({ "a.tpl": '{{add (port "http") 1}}' }, { job }));
    expect(files[0]?.content?.toString()).toBe("8081");
    const wrong = hooks.render.promise({ files: [] }, given({ "b.tpl": "{{port 1}}" }, { job }));
    await expect(wrong).rejects.toMatchObject({ message: expect.stringContaining("expected string; found 1") });
  });

  it("can replace built-in functions", async () => {
    const hooks = hooksWith();
    hooks.templateFunctions.tap("loud", (functions) => ({ ...functions, upper: (word: string) => `${word}!` }));
    const { files } = await hooks.render.promise({ files: [] }, given({ "a.tpl": '{{upper "a"}}' }));
    expect(files[0]?.content?.toString()).toBe("a!");
  });

  it("are refused by name if their definition is invalid", async () => {
    const hooks = hooksWith();
    hooks.templateFunctions.tap("odd", (functions) => ({ ...functions, odd: { params: [] } }));
    await expect(hooks.render.promise({ files: [] }, given({ "a.tpl": "" }))).rejects.toMatchObject({
      message: expect.stringContaining('the template function "odd"'),
    });
  });
});

it("a deploy to 640 workers reads each template once", async () => {
  const hooks = hooksWith();
  const source =
    '{{range $i, $w := split (get "maand/worker" "worker_workers") ","}}{{if $i}},{{end}}{{$w}}{{end}} {{.WorkerIP}} {{mul 3 (int (get "vars/job/api" "n"))}}';
  const kv = fakeKv({
    "maand/worker": { worker_workers: Array.from({ length: 20 }, (_, at) => `10.0.0.${at}`).join() },
    "vars/job/api": { n: "7" },
  });
  const read: string[] = [];
  const sources = ["a.tpl", "b.tpl", "c.tpl"].map((path) => aFile({ path }));
  for (let at = 0; at < 640; at++) {
    const allocation = anAllocation({ host: `10.0.${at >> 8}.${at & 255}` });
    const context = renderContext({
      allocation,
      sources,
      kv,
      read: ({ path }) => {
        read.push(path);
        return Buffer.from(source);
      },
    });
    await hooks.render.promise({ files: [] }, context);
  }
  expect(read).toEqual(["a.tpl", "b.tpl", "c.tpl"]);
});
