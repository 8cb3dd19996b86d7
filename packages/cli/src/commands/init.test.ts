import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { initialised, typedIn } from "../run/typed.test.support.ts";

let root: string;
let typed: ReturnType<typeof typedIn>;
let before: string;

beforeAll(async () => {
  before = await initialised();
});

afterAll(() => rmSync(before, { recursive: true, force: true }));

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maand-init-"));
  cpSync(join(before, "secrets"), join(root, "secrets"), { recursive: true });
  typed = typedIn(root);
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
});

const read = (path: string) => readFileSync(join(root, path), "utf8");

function write(path: string, text: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}

const CLAIMING = `export default { plugins: ["defaults", {
  name: "claimer",
  apply() {},
  claims: { team: { description: "Who is called.", schema: { "~standard": { version: 1, vendor: "x", validate: (value) => ({ value }) } },
    jsonSchema: () => ({ type: "string" }) } },
}] };\n`;

describe("maand init", () => {
  it("prints the next step, and that step works", async () => {
    const { code, out } = await typed("init");
    expect(code).toBe(0);
    expect(out).toMatch(/^maand bucket initialized\n/);
    const words = /^ +maand (worker add .* --transport local)$/m.exec(out)?.[1]?.split(" ") ?? [];
    expect(await typed(...words)).toMatchObject({ code: 0 });
    expect((await typed("job", "create", "api", "--selectors", "worker")).code).toBe(0);
    expect((await typed("build", "--strict")).code).toBe(0);
  });

  it("writes schemas for editors and configures VS Code to use them", async () => {
    await typed("init");
    const settings: { "json.schemas": { fileMatch: string[]; url: string }[] } = JSON.parse(
      read(".vscode/settings.json"),
    );
    expect(settings["json.schemas"].length).toBeGreaterThan(2);
    for (const { url } of settings["json.schemas"]) expect(JSON.parse(read(url))).toHaveProperty("$schema");
    expect(Object.keys(JSON.parse(read("workspace/.schemas/manifest.json")).properties)).toContain("health_check");
    const [directive = ""] = read("maand.conf").split("\n");
    expect(JSON.parse(read(directive.replace("#:schema ", "")))).toMatchObject({ title: "maand.conf" });
  });

  it("writes the schemas again and overwrites no other file", async () => {
    await typed("init");
    write("maand.config.js", CLAIMING);
    write(".vscode/settings.json", "{}\n");
    write("maand.conf", "# mine\n");
    const untouched = statSync(join(root, "workspace/.schemas/workers.json")).mtimeMs;
    const { out } = await typed("init");
    expect(out).toBe("maand bucket is up to date\n  wrote workspace/.schemas/manifest.json\n");
    expect(JSON.parse(read("workspace/.schemas/manifest.json")).properties.team).toMatchObject({
      description: "Who is called.",
      type: "string",
    });
    expect([read(".vscode/settings.json"), read("maand.conf")]).toEqual(["{}\n", "# mine\n"]);
    expect(statSync(join(root, "workspace/.schemas/workers.json")).mtimeMs).toBe(untouched);
    expect((await typed("init")).out).toBe("maand bucket is up to date\n");
  });

  it("writes schemas that later builds update if they are out of date", async () => {
    await typed("init");
    write("maand.config.js", CLAIMING);
    const before = statSync(join(root, "workspace/.schemas/workers.json")).mtimeMs;
    expect(await typed("build")).toMatchObject({ code: 0, err: "" });
    const manifest = read("workspace/.schemas/manifest.json");
    expect(JSON.parse(manifest).properties).toHaveProperty("team");
    expect((await typed("init")).out).toBe("maand bucket is up to date\n"); // a build writes the same schemas as init
    const written = statSync(join(root, "workspace/.schemas/manifest.json")).mtimeMs;
    write("maand.config.js", CLAIMING.replace("Who is called.", "The team."));
    rmSync(join(root, "workspace/.schemas/disabled.json"));
    expect((await typed("deploy", "--build")).code).toBe(0);
    expect(JSON.parse(read("workspace/.schemas/manifest.json")).properties.team.description).toBe("The team.");
    expect(read("workspace/.schemas/disabled.json")).toContain("$comment");
    expect(statSync(join(root, "workspace/.schemas/manifest.json")).mtimeMs).toBeGreaterThan(written);
    expect(statSync(join(root, "workspace/.schemas/workers.json")).mtimeMs).toBe(before);
  });

  it("writes schemas that later builds do not write again if the directory was deleted", async () => {
    await typed("init");
    rmSync(join(root, "workspace/.schemas"), { recursive: true });
    expect(await typed("build")).toMatchObject({ code: 0, err: "" });
    expect(existsSync(join(root, "workspace/.schemas"))).toBe(false);
  });

  it("writes schemas, and later builds warn if they cannot update them", async () => {
    await typed("init");
    rmSync(join(root, "workspace/.schemas/workers.json"));
    mkdirSync(join(root, "workspace/.schemas/workers.json"));
    const { code, out, err } = await typed("build");
    expect([code, out]).toEqual([0, expect.stringContaining("built:")]);
    expect(err).toMatch(/^warning: the schemas for editors are not up to date: .*EISDIR/);
    expect(err).toContain("make workspace/.schemas writable, or delete it");
  });

  it("prints only its result with -q, and an object with --json", async () => {
    expect((await typed("init", "-q")).out).toBe("maand bucket initialized\n");
    expect(JSON.parse((await typed("init", "--json")).out)).toEqual({ bucket_id: expect.any(String), created: false });
  });
});

describe("maand schema", () => {
  it.each(["manifest", "workers", "disabled", "config"])(
    "prints the %s schema, outside of a bucket too",
    async (name) => {
      const { code, out } = await typed("schema", name);
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ $schema: "http://json-schema.org/draft-07/schema#" });
    },
  );

  it("contains the keys of the stock plugins, or of the plugins of this bucket", async () => {
    const keys = async (): Promise<string[]> =>
      Object.keys(JSON.parse((await typed("schema", "manifest")).out).properties);
    expect(await keys()).toContain("health_check");
    expect(await keys()).not.toContain("team");
    await typed("init");
    write("maand.config.js", CLAIMING);
    expect(await keys()).toEqual(expect.arrayContaining(["health_check", "team"]));
    write("maand.config.js", CLAIMING.replace('"defaults", ', '["defaults", { remove: ["health"] }], '));
    expect(await keys()).not.toContain("health_check");
  });

  it("prints the same schema that init writes", async () => {
    await typed("init");
    for (const name of ["manifest", "workers", "disabled", "config"])
      expect((await typed("schema", name)).out).toBe(read(`workspace/.schemas/${name}.json`));
  });

  it("refuses an unknown name", async () => {
    const { code, err } = await typed("schema", "worker");
    expect(code).toBe(2);
    expect(err).toContain('did you mean "workers"?');
  });
});
