import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Summary } from "@maand/core";
import { aBucket, commitContext, createHooks, someSettings } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { notify } from "./notify.ts";

let root: string;
let server: Server | undefined;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maand-notify-"));
  mkdirSync(join(root, "secrets"));
});

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  rmSync(root, { recursive: true, force: true });
});

interface Posted {
  readonly url: string;
  readonly body: unknown;
}

/** A server on this machine that stores the requests it receives. */
async function receiver(answer: RequestListener = (_, response) => response.end()) {
  const posted: Posted[] = [];
  const listening = createServer(async (request, response) => {
    posted.push({ url: request.url ?? "", body: JSON.parse(await bodyOf(request)) });
    answer(request, response);
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(listening.address() as AddressInfo).port}`;
  return { posted, host, url: `http://${host}/hooks/s3cr3t` };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** A program that writes its arguments and its input into files of the bucket. */
function program(name: string, then = ""): string {
  const path = join(root, name);
  const script = `#!/bin/sh\nprintf '%s\\n' "$@" > '${root}/arguments'\nenv > '${root}/environment'\ncat > '${root}/input'\n${then}\n`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return path;
}

const left = (name: string) => readFileSync(join(root, name), "utf8");

const FAILED: Partial<Summary> = {
  outcome: "failed",
  allocations: [
    { job: "api", host: "10.0.0.1", action: "restart", outcome: "ok", promoted: true },
    {
      job: "api",
      host: "10.0.0.2",
      action: "restart",
      outcome: "failed",
      promoted: false,
      message: "restart failed with exit code 2 <&>",
      hint: "maand logs show --job api",
    },
  ],
};

async function end(summary: Partial<Summary>, ...targets: readonly object[]): Promise<void> {
  const hooks = createHooks();
  await notify({ environment: { PATH: process.env.PATH, HOOK: `${(await shared).url}/from-env` } }).apply(
    hooks,
    undefined as never,
  );
  const base = commitContext({
    bucket: { id: "id", root: join(root) },
    settings: someSettings({ plugins: { notify: targets } }),
  });
  await hooks.commit.promise({ ...base, summary: { ...base.summary, ...summary } });
}

let shared: ReturnType<typeof receiver>;
beforeEach(() => {
  shared = receiver();
});

describe("a webhook", () => {
  it("gets the message and the summary as JSON", async () => {
    const { url, posted } = await shared;
    await end(FAILED, { to: "webhook", url });
    expect(posted).toMatchObject([
      {
        url: "/hooks/s3cr3t",
        body: {
          title: expect.stringMatching(/^maand \S+ of maand-notify-\S+ failed$/),
          text: expect.stringContaining(
            "api on 10.0.0.2: restart failed with exit code 2 <&> (next: maand logs show --job api)",
          ),
          outcome: "failed",
          promoted: 1,
          failed: 1,
        },
      },
    ]);
  });

  it("can have its URL in an environment variable or in a file in secrets/", async () => {
    const { url, posted } = await shared;
    writeFileSync(join(root, "secrets/hook.url"), `${url}/from-file\n`);
    await end(FAILED, { to: "webhook", url_env: "HOOK" }, { to: "webhook", url_file: "hook.url" });
    expect(posted.map((one) => one.url).sort()).toEqual(["/hooks/s3cr3t/from-env", "/hooks/s3cr3t/from-file"]);
  });

  it("that refuses the message is named only by its host", async () => {
    const { url, host } = await receiver((_, response) => response.writeHead(500).end());
    const refused = expect(end(FAILED, { to: "webhook", url })).rejects;
    await refused.toThrow(`some notifications were not sent: webhook: ${host} responded with 500`);
    await refused.not.toThrow("s3cr3t");
  });

  it("without a URL is reported with the variable or file that should contain it", async () => {
    writeFileSync(join(root, "secrets/empty.url"), "\n");
    await expect(
      end(
        FAILED,
        { to: "webhook", url_env: "NONE" },
        { to: "slack", url_file: "none.url" },
        { to: "slack", url_file: "empty.url" },
      ),
    ).rejects.toThrow(
      /webhook: NONE is empty or not set; slack: there is no file secrets\/none.url; slack: secrets\/empty.url is empty/,
    );
  });
});

describe("a Slack message", () => {
  it("escapes markup in the output of jobs", async () => {
    const { url, posted } = await shared;
    await end(FAILED, { to: "slack", url });
    const [{ body } = { body: {} }] = posted;
    const { text } = body as { text: string };
    expect(text).toMatch(
      /^\*maand .* failed\*\nAllocations: 1 promoted, 1 failed\napi on 10\.0\.0\.2: .*&lt;&amp;&gt;/,
    );
    expect(Object.keys(body as object)).toEqual(["text"]);
  });
});

describe("an e-mail", () => {
  it("is sent through sendmail, with encoded headers and body", async () => {
    const sendmail = program("sendmail");
    await end(FAILED, {
      to: "email",
      recipients: ["ops@example.com", "ada@example.com"],
      sender: "maand@example.com",
      sendmail,
    });
    expect(left("arguments")).toBe("-t\n-i\n-f\nmaand@example.com\n");
    const [head = "", body = ""] = left("input").split("\n\n");
    expect(head).toContain("From: maand@example.com\nTo: ops@example.com, ada@example.com\nSubject: =?utf-8?B?");
    const subject = [...head.matchAll(/=\?utf-8\?B\?([^?]+)\?=/g)].map(([, word = ""]) =>
      Buffer.from(word, "base64").toString(),
    );
    expect(subject.join("")).toMatch(/^maand \S+ of maand-notify-\S+ failed$/);
    expect(Math.max(...head.split("\n").map((line) => line.length))).toBeLessThanOrEqual(78);
    expect(Buffer.from(body, "base64").toString()).toContain("\n\nAllocations: 1 promoted, 1 failed\n");
  });

  it("fails with the reason if sendmail is missing, and leaves no timer behind that would keep maand running", async () => {
    const [begun, cleared] = [vi.spyOn(globalThis, "setTimeout"), vi.spyOn(globalThis, "clearTimeout")];
    onTestFinished(() => {
      begun.mockRestore();
      cleared.mockRestore();
    });
    await expect(
      end(FAILED, { to: "email", recipients: ["ops@example.com"], sendmail: "/none/sendmail" }),
    ).rejects.toThrow("email: /none/sendmail cannot be started");
    const ended = new Set(cleared.mock.calls.map(([timer]) => timer));
    const timers = begun.mock.results.map(({ value }) => value);
    expect(timers.length).toBeGreaterThan(0);
    expect(timers.filter((timer) => timer.hasRef() && !ended.has(timer))).toEqual([]);
  });
});

describe("a notification command", () => {
  it("gets its arguments unchanged, and JSON on stdin", async () => {
    program("tell");
    await end({ ...FAILED, outcome: "revert_failed" }, { to: "command", command: ["./tell", "a b", "$(id)", "*"] });
    expect(left("arguments")).toBe("a b\n$(id)\n*\n");
    expect(JSON.parse(left("input"))).toMatchObject({ outcome: "revert_failed", promoted: 1 });
    expect(left("environment")).toContain("MAAND_OUTCOME=revert_failed\n");
  });

  it("is reported with its last line of output if it fails", async () => {
    program("tell", "echo no such channel >&2; exit 3");
    await expect(end(FAILED, { to: "command", command: ["./tell"] })).rejects.toThrow(
      "command: ./tell exited with code 3: no such channel",
    );
  });

  it("does not need to read its stdin", async () => {
    await end(FAILED, { to: "command", command: ["true"] });
  });
});

describe("a run", () => {
  const kinds = ["failure", "revert", "pause", "success", "finish"] as const;
  const changed = FAILED.allocations?.slice(0, 1) ?? [];
  it.each([
    [{ outcome: "ok" }, ["finish"]],
    [{ outcome: "ok", allocations: changed }, ["success", "finish"]],
    [{ outcome: "failed" }, ["failure", "finish"]],
    [{ outcome: "interrupted" }, ["failure", "finish"]],
    [{ outcome: "refused" }, ["failure", "finish"]],
    [{ outcome: "reverted" }, ["failure", "revert", "finish"]],
    [{ outcome: "revert_failed" }, ["failure", "revert", "finish"]],
    [{ outcome: "paused" }, ["pause", "finish"]],
  ] as const)("with the summary %o matches the occasions %o", async (summary, expected) => {
    const { url, posted } = await shared;
    await end(summary, ...kinds.map((kind) => ({ to: "webhook", url: `${url}/${kind}`, on: [kind] })));
    expect(posted.map((one) => one.url.split("/").at(-1)).sort()).toEqual([...expected].sort());
  });

  it("sends the remaining messages if one fails, and keeps its outcome", async () => {
    const { url, posted } = await shared;
    const bucket = aBucket({ plugins: [notify()] });
    const conf = (address: string) => `[[notify]]\nto = "webhook"\nurl = "${address}"\non = ["success"]\n`;
    writeFileSync(join(bucket.root, "maand.conf"), `transport = "fake"\n${conf("http://127.0.0.1:1/")}${conf(url)}`);
    bucket.workers("10.0.0.1");
    bucket.job("api", { selectors: ["worker"] });
    const { outcome, warnings } = await bucket.ship().finally(bucket.dispose);
    expect(outcome).toBe("ok");
    expect(warnings).toEqual(["some notifications were not sent: webhook: 127.0.0.1:1 cannot be reached"]);
    expect(posted).toMatchObject([{ body: { outcome: "ok", promoted: 1 } }]);
  });
});
