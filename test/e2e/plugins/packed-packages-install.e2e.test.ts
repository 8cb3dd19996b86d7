import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../../docs/pages.ts";
import { type Installation, install, type Manifest, manifestIn, run } from "../../support/bucket/installation.ts";
import { linesOf, localJob, RECORDING_MAKEFILE } from "../../support/bucket/scratch.ts";

const CLI = "@maand/cli";

let installation: Installation;
let place: string;
let bucket: string;

beforeAll(() => {
  installation = install(CLI);
  place = installation.place;
  bucket = join(place, "bucket");
});

afterAll(() => installation?.dispose());

describe("packages that are packed and installed elsewhere", () => {
  it("contain every declared file, but neither sources nor tests", () => {
    for (const name of installation.packed) {
      const directory = join(place, "node_modules", name);
      for (const path of promised(manifestIn(directory)))
        expect(existsSync(join(directory, path)), `${name} ${path}`).toBe(true);
      const files = readdirSync(directory, { recursive: true, encoding: "utf8" });
      expect(files.filter((path) => /^src(\/|$)|\.test\.|\.tsbuildinfo$|\.map$/.test(path))).toEqual([]);
    }
  });

  it("contain their licence", () => {
    const licence = readFileSync(join(ROOT, "LICENSE"), "utf8");
    for (const name of installation.packed)
      expect(readFileSync(join(place, "node_modules", name, "LICENSE"), "utf8"), name).toBe(licence);
  });

  it("are resolved within the installation, and declare all dependencies", () => {
    for (const name of installation.packed.filter((entry) => entry !== CLI)) {
      for (const entryPoint of Object.keys(manifestIn(join(place, "node_modules", name)).exports)) {
        if (entryPoint.endsWith(".json") || entryPoint.includes("*")) continue;
        const module = `${name}${entryPoint.slice(1)}`;
        const script = `await import("${module}"); console.log(import.meta.resolve("${module}"))`;
        expect(run(process.execPath, ["--input-type=module", "-e", script], place)).toContain(place);
      }
    }
  });

  it("can create, build and deploy a bucket", () => {
    mkdirSync(bucket);
    expect(maand("--version")).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(maand("explain", "TREE_CHANGED")).toContain("The staged files on this machine differ from the plan");
    maand("init");
    maand("job", "create", "api", "--selectors", "worker");
    writeFileSync(join(bucket, "workspace/jobs/api/Makefile"), RECORDING_MAKEFILE);
    const workers = ["127.0.0.11", "127.0.0.12"].map((host) => ({ host, transport: "local", labels: ["worker"] }));
    writeFileSync(join(bucket, "workspace/workers.json"), JSON.stringify(workers));
    maand("build");
    maand("deploy");
    for (const { host } of workers)
      expect(linesOf(join(localJob({ root: bucket }, host, "api") ?? "", "data/lifecycle"))).toEqual([
        "start 0.0.0 1.0.0",
      ]);
  });
});

/** The files that `bin` and `exports` of a package name, except `source`, which is for this repository only. */
function promised({ bin = {}, exports }: Manifest): string[] {
  const entryPoints = Object.values(exports)
    .filter((entryPoint) => !String(entryPoint).includes("*"))
    .flatMap((entryPoint) =>
      typeof entryPoint === "string"
        ? [entryPoint]
        : Object.entries(entryPoint)
            .filter(([condition]) => condition !== "source")
            .map(([, path]) => path),
    );
  return [...Object.values(bin), ...entryPoints];
}

function maand(...args: readonly string[]): string {
  return run(installation.program, args, bucket);
}
