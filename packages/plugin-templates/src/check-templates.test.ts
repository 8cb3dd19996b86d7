import type { JobFile } from "@maand/core";
import { createHooks } from "@maand/core/internal";
import { aFile, aJob, validateContext } from "@maand/core/testing";
import { expect, it } from "vitest";
import { templates } from "./index.ts";

async function problems(files: Readonly<Record<string, string | Uint8Array>>) {
  const hooks = createHooks();
  templates().apply(hooks);
  const context = validateContext({
    jobs: [aJob({ files: Object.keys(files).map((path) => aFile({ path })) })],
    read: ({ path }: JobFile) => Buffer.from(files[path] ?? ""),
  });
  await hooks.validate.promise(context);
  return context.problems;
}

const AT = "workspace/jobs/api/a.tpl";

it("a valid template is accepted, regardless of the values that it reads", async () => {
  expect(await problems({ "a.tpl": '{{get "maand/job/other" "x"}}{{.Nope}}', "_modules/x.tpl": "{{" })).toEqual([]);
});

it.each([
  ["{{if}}", `${AT}:1:5`, "missing value for if"],
  ["a\n  {{ .Job", `${AT}:2:`, "unclosed action"],
  ["{{end}}", `${AT}:1:3`, "unexpected {{end}}"],
])("the template %s is refused with its position", async (source, where, message) => {
  const [problem] = await problems({ "a.tpl": source });
  expect(problem).toMatchObject({
    code: "invalid_template",
    level: "error",
    hint: expect.stringContaining('{{"{{"}}'),
  });
  expect(problem?.where).toContain(where);
  expect(problem?.message).toContain(message);
});

it("an unknown function in a template is refused, with the closest name", async () => {
  expect(await problems({ "a.tpl": '{{getSecrets "a"}}' })).toMatchObject([
    { where: `${AT}:1:3`, message: 'function "getSecrets" not defined', hint: expect.stringContaining('"getSecret"') },
  ]);
  expect(await problems({ "a.tpl": "{{scrapeConfigs}}" })).toMatchObject([
    { hint: expect.stringContaining("available: get,") },
  ]);
});

it("several invalid templates are all reported", async () => {
  expect(await problems({ "a.tpl": "{{", "b/c.tpl": "{{if}}" })).toHaveLength(2);
});

it("a template that is not UTF-8 text is refused", async () => {
  expect(await problems({ "a.tpl": Uint8Array.of(0xff, 0xfe) })).toMatchObject([
    { where: AT, message: "it is not UTF-8 text" },
  ]);
});

it("a template that would replace a file gets a warning", async () => {
  expect(await problems({ a: "1", "a.tpl": "2" })).toMatchObject([
    { level: "warning", code: "template_overwrites", where: AT },
  ]);
});

it.each([
  [{ "a.tpl": "x", "a/b": "y" }, "which is a directory"],
  [{ "data.tpl": "x" }, "reserved"],
  [{ "conf/.tpl": "x" }, "no name"],
])("a template without a valid target is refused (case %#)", async (files, message) => {
  expect(await problems(files)).toMatchObject([{ level: "error", message: expect.stringContaining(message) }]);
});

it("a template that is too large is refused without being read", async () => {
  const hooks = createHooks();
  templates().apply(hooks);
  const read = () => {
    throw new Error("it was read");
  };
  const context = validateContext({
    jobs: [aJob({ files: [aFile({ path: "a.tpl", size: 8 * 1024 * 1024 + 1 })] })],
    read,
  });
  await hooks.validate.promise(context);
  expect(context.problems).toMatchObject([{ code: "invalid_template", where: AT, level: "error" }]);
});
