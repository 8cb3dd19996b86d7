import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initialised, typedIn } from "../run/typed.test.support.ts";

const HOSTS = ["127.0.0.31", "127.0.0.32"];

let root: string;
let typed: ReturnType<typeof typedIn>;

beforeAll(async () => {
  root = await initialised('transport = "local"\n');
  typed = typedIn(root);
  write("workspace/workers.json", JSON.stringify(HOSTS.map((host) => ({ host }))));
  write("workspace/jobs/api/manifest.json", '{ "version": "1.0.0", "selectors": ["worker"] }');
  write("workspace/jobs/api/Makefile", "start restart stop:\n\t@true\n");
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}

describe("maand status", () => {
  it("names each next command of a new bucket up to its first deploy, as does maand without arguments", async () => {
    expect((await typed()).out).toContain("the workspace was not built yet");
    expect((await typed("build")).code).toBe(0);
    expect((await typed()).out).toMatch(/^pending {6}api: start on 127\.0\.0\.31, 127\.0\.0\.32$/m);
    expect((await typed("status", "--exit-code")).code).toBe(4);
    expect((await typed("deploy")).code).toBe(0);
    const { code, out, err } = await typed("status", "--exit-code");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain("nothing needs attention\n\nJOB  VERSION  STATE\napi  1.0.0    2 promoted\n");
    expect((await typedIn("/")("-C", root)).out.split("\n").slice(1)).toEqual(out.split("\n").slice(1));
  });

  it("reports unbuilt changes, as text and as JSON", async () => {
    write("workspace/jobs/api/app.conf", "port = 2\n");
    expect((await typed("status")).out).toMatch(/^unbuilt {6}.*: jobs\/api\n {13}next: maand deploy --build$/m);
    const { out, err } = await typed("--json");
    expect([JSON.parse(out).unbuilt, err]).toEqual([["jobs/api"], ""]);
    rmSync(join(root, "workspace/jobs/api/app.conf"));
  });

  it("names certificates that expire soon or have expired", async () => {
    const inYears = (years: number) => typedIn(root, () => new Date(Date.now() + years * 365.25 * 86_400_000));
    expect((await typed("status")).out).not.toContain("certificate");
    const { certificates }: { certificates: { cert: string; days_left: number }[] } = JSON.parse(
      (await inYears(50)("status", "--json")).out,
    );
    const days = certificates[0]?.days_left ?? 0;
    expect(certificates).toMatchObject([{ job: null, worker: null, cert: "ca" }]);
    expect((await inYears(50 + (days - 30) / 365.25)("status")).out).toMatch(
      /^certificate {2}the certificate authority expires in (29|30) days$/m,
    );
    expect((await inYears(50 + (days + 30) / 365.25)("status")).out).toMatch(
      /^certificate {2}the certificate authority expired (29|30|31) days ago$/m,
    );
  });

  it("shows changes with --watch until Ctrl-C, as one object per change with --json", async () => {
    const ctrlC = new AbortController();
    const seen: string[][] = [];
    const onOutput = (text: string) => {
      seen.push(
        ...text
          .trimEnd()
          .split("\n")
          .map((line): string[] => JSON.parse(line).unbuilt),
      );
      if (seen.length === 1) write("workspace/jobs/api/app.conf", "port = 3\n");
      else ctrlC.abort();
    };
    const { code } = await typedIn(root, undefined, undefined, { signal: ctrlC.signal, onOutput })(
      ...["status", "--watch=0.1", "--json"],
    );
    expect([code, seen]).toEqual([130, [[], ["jobs/api"]]]);
  });

  it.each([
    [["--watch=0"], "--watch takes seconds from 0.1 to 3600"],
    [["--watch=soon"], "--watch takes seconds from 0.1 to 3600"],
    [["--watch", "--exit-code"], "--watch cannot be used with --exit-code"],
  ])("refuses %j", async (flags, message) => {
    expect(await typed("status", ...flags)).toMatchObject({ code: 2, err: expect.stringContaining(message) });
  });
});
