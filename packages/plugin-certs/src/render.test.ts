import { createHooks } from "@maand/core/internal";
import { aFile, aJob, fakeKv, renderContext } from "@maand/core/testing";
import { expect, it } from "vitest";
import { certs } from "./certs.ts";

const OWN = "maand/job/api/worker/10.0.0.1";

async function render(
  entries: unknown,
  own: Readonly<Record<string, string>>,
  shared: Readonly<Record<string, string>>,
) {
  const hooks = createHooks();
  await certs().apply(hooks);
  const tree = { files: [aFile({ path: "Makefile" }), aFile({ path: "certs/web.crt" })] };
  const kv = fakeKv({ [OWN]: own, "maand/worker": shared });
  const rendered = await hooks.render.promise(tree, renderContext({ job: aJob({ manifest: { certs: entries } }), kv }));
  return rendered.files.map(({ path, mode, secret, content }) => ({
    path,
    ...(mode === undefined ? {} : { mode: mode.toString(8) }),
    ...(secret === undefined ? {} : { secret }),
    ...(content === undefined ? {} : { text: Buffer.from(content).toString() }),
  }));
}

it("the tree of an allocation contains its pairs and the CA with their modes, and keys as secrets", async () => {
  const own = { "certs/web.crt": "crt\n", "certs/web.key": "key\n", "certs/old.crt": "x", version: "1.0.0" };
  expect(await render({ web: {} }, own, { "certs/ca.crt": "ca\n" })).toEqual([
    { path: "Makefile" },
    { path: "certs/ca.crt", mode: "644", text: "ca\n" },
    { path: "certs/web.crt", mode: "644", text: "crt\n" },
    { path: "certs/web.key", mode: "600", secret: true, text: "key\n" },
  ]);
});

it("the tree of a job without certificates contains the CA, but no certificates before the first build", async () => {
  expect((await render(undefined, {}, { "certs/ca.crt": "ca\n" })).map(({ path }) => path)).toEqual([
    "Makefile",
    "certs/web.crt",
    "certs/ca.crt",
  ]);
  expect((await render(undefined, {}, {})).map(({ path }) => path)).toEqual(["Makefile", "certs/web.crt"]);
});

it("an allocation cannot be rendered if a certificate is missing", async () => {
  await expect(render({ web: {} }, {}, { "certs/ca.crt": "ca\n" })).rejects.toMatchObject({ code: "NOT_FOUND" });
});
