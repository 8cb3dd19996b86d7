import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Allocation, HealthResult, VerifyContext } from "@maand/core";
import { isMaandError, timeLimit } from "@maand/core";
import { probeHttp } from "./probe-http.ts";
import { probeSsh } from "./probe-ssh.ts";
import { probeTcp } from "./probe-tcp.ts";
import type { Check } from "./settings.ts";

/** One check of one allocation. */
export interface Question {
  readonly check: Check;
  readonly allocation: Allocation;
}

/** Runs one check within its timeout. Never throws: an error is a failed check. */
export async function probe(
  context: VerifyContext,
  { check, allocation: { host } }: Question,
  timeoutMs: number,
): Promise<HealthResult> {
  const { job, signal } = context;
  const deadline = AbortSignal.any([signal, timeLimit(timeoutMs)]);
  const port = check.type === "ssh" ? 0 : (job.ports[check.port] ?? 0);
  const result = { host, type: check.type, target: targetOf(check, host, port) };
  try {
    if (check.type !== "ssh" && port === 0) throw new Error(`port "${check.port}" has no number; run maand build`);
    return { ...result, ok: true, message: await answer() };
  } catch (cause) {
    return { ...result, ok: false, message: deadline.aborted ? tooLate(timeoutMs) : reason(cause, timeoutMs) };
  }

  function answer(): Promise<string> {
    switch (check.type) {
      case "tcp":
        return probeTcp(host, port, deadline);
      case "http":
        return probeHttp(new URL(`${check.scheme}://${result.target}`), expectation(check, context), deadline);
      case "ssh":
        return probeSsh(() => context.remote(host), check.command, { timeoutMs, signal, deadline });
    }
  }
}

function expectation({ expectStatus: status, scheme }: Extract<Check, { type: "http" }>, { bucket }: VerifyContext) {
  return { status, authority: scheme === "https" ? authorityOf(bucket.root) : undefined };
}

/** The certificate of the bucket's CA; undefined if it has none that can be read. */
function authorityOf(root: string): string | undefined {
  try {
    return readFileSync(join(root, "secrets", "ca.crt"), "utf8");
  } catch {
    return undefined;
  }
}

function targetOf(check: Check, host: string, port: number): string {
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  switch (check.type) {
    case "tcp":
      return address;
    case "http":
      return address + check.path;
    case "ssh":
      return check.command;
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "no route to host",
  ENOTFOUND: "unknown host name",
  ETIMEDOUT: "no response",
};

function reason(cause: unknown, timeoutMs: number): string {
  if (isMaandError(cause)) return cause.code === "TIMED_OUT" ? tooLate(timeoutMs) : cause.message;
  if (!(cause instanceof Error)) return String(cause);
  const code = "code" in cause ? String(cause.code) : "";
  if (code.startsWith("HPE_")) return "the response is not HTTP";
  return REASONS[code] ?? cause.message;
}

function tooLate(timeoutMs: number): string {
  return `no response within ${timeoutMs / 1000} s`;
}
