import assert from "node:assert/strict";
import { timeLimit } from "../../remote/time-limit.ts";
import type { TransportCheck } from "./check.ts";
import { COMMAND_CHECKS } from "./command-checks.ts";
import { CONNECTION_CHECKS } from "./connection-checks.ts";
import { ENVIRONMENT_CHECKS } from "./environment-checks.ts";
import { LIMIT_CHECKS } from "./limit-checks.ts";
import { OUTPUT_CHECKS } from "./output-checks.ts";
import { STREAM_CHECKS } from "./stream-checks.ts";
import { Trial } from "./trial.ts";
import type { OpenedTransport, TransportUnderTest } from "./under-test.ts";

/** The guarantees of a transport, in the order in which they are checked. */
export const TRANSPORT_CHECKS: readonly TransportCheck[] = [
  ...COMMAND_CHECKS,
  ...ENVIRONMENT_CHECKS,
  ...OUTPUT_CHECKS,
  ...LIMIT_CHECKS,
  ...STREAM_CHECKS,
  ...CONNECTION_CHECKS,
];

/** The result of one check: the transport meets the guarantee, declares it as a limit, or breaks it. */
export interface TransportResult extends Pick<TransportCheck, "id" | "guarantee"> {
  readonly outcome: "met" | "limit" | "failed";
  /** Why it is a limit, or how the guarantee was broken. */
  readonly reason?: string;
}

/** The part of a test runner that {@link testTransport} uses; vitest has all three. */
export interface TestRunner {
  it(name: string, run: () => Promise<void>, timeoutMs: number): unknown;
  beforeAll(run: () => Promise<void>, timeoutMs: number): unknown;
  afterAll(run: () => Promise<void>, timeoutMs: number): unknown;
}

const CHECK_MS = 60_000;

/**
 * Checks a transport in a test file, with one test per guarantee: `testTransport({ it, beforeAll, afterAll },
 * transport)` with the functions of vitest. A declared limit is in the name of its test.
 */
export function testTransport({ it, beforeAll, afterAll }: TestRunner, transport: TransportUnderTest): void {
  refuseUnknown(transport);
  let trial: Promise<Trial> | undefined;
  beforeAll(async () => {
    trial = Promise.resolve(transport.open()).then((opened) => Trial.begin(opened));
    await trial;
  }, CHECK_MS);
  afterAll(async () => {
    const begun = await trial;
    if (begun) await end(begun);
  }, CHECK_MS);
  for (const check of TRANSPORT_CHECKS) {
    const limit = transport.limits?.[check.id];
    const name = limit === undefined ? check.guarantee : `${check.guarantee} [limit: ${limit}]`;
    it(`${check.id}: ${name}`, async () => holds(check, await begun(trial), limit), CHECK_MS);
  }
}

/** Checks a transport without a test runner; the results are in the order of {@link TRANSPORT_CHECKS}. */
export async function checkTransport(transport: TransportUnderTest): Promise<readonly TransportResult[]> {
  refuseUnknown(transport);
  const trial = await Trial.begin(await transport.open());
  const results: TransportResult[] = [];
  try {
    for (const check of TRANSPORT_CHECKS) results.push(await resultOf(check, trial, transport.limits?.[check.id]));
  } finally {
    await end(trial);
  }
  return results;
}

async function resultOf(check: TransportCheck, trial: Trial, limit: string | undefined): Promise<TransportResult> {
  const { id, guarantee } = check;
  try {
    await holds(check, trial, limit);
    return limit === undefined ? { id, guarantee, outcome: "met" } : { id, guarantee, outcome: "limit", reason: limit };
  } catch (thrown) {
    return { id, guarantee, outcome: "failed", reason: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

/**
 * Throws if the guarantee is broken, if a limit is declared although the transport meets the guarantee, or if the check
 * lacks what it needs and no limit is declared.
 */
async function holds(check: TransportCheck, trial: Trial, limit: string | undefined): Promise<void> {
  const lacks = check.needs !== undefined && trial.opened[check.needs] === undefined;
  if (lacks)
    assert(limit !== undefined, `\`open\` returns no \`${check.needs}\`: add it, or declare the limit "${check.id}"`);
  if (lacks) return;
  const run = inTime(check.run(trial));
  if (limit === undefined) return run;
  await run.then(
    () => assert.fail(`the check passes: remove the limit "${check.id}" (${limit})`),
    () => undefined,
  );
}

/** A check that hangs also counts as a broken guarantee. */
function inTime(work: Promise<void>): Promise<void> {
  const limit = timeLimit(CHECK_MS - 5_000);
  const late = new Promise<never>((_, reject) => {
    limit.addEventListener("abort", () => reject(new Error(`it did not end within ${CHECK_MS / 1000 - 5} s`)));
  });
  return Promise.race([work, late]);
}

function begun(trial: Promise<Trial> | undefined): Promise<Trial> {
  assert(trial, "`beforeAll` was not called");
  return trial;
}

async function end(trial: Trial): Promise<void> {
  await trial.end().finally(() => closed(trial.opened));
}

async function closed(opened: OpenedTransport): Promise<void> {
  await opened.close?.();
}

function refuseUnknown({ limits = {} }: TransportUnderTest): void {
  const ids = TRANSPORT_CHECKS.map(({ id }) => id);
  const unknown = Object.keys(limits).find((id) => !ids.includes(id));
  if (unknown !== undefined) throw new TypeError(`there is no check "${unknown}"; there are: ${ids.join(", ")}`);
}
