import type { ResolveSecretsContext, SecretReference } from "@maand/core";
import { error, MaandError, type Problem } from "@maand/core";
import { Mask, type ProgramResult, runProgram } from "@maand/core/internal";
import { type Adapter, type Located, WrongOutput } from "./adapter.ts";
import type { ProviderEnvironment } from "./credentials.ts";

/** The time limit of a call, in milliseconds: a person may have to unlock something. */
const LIMIT_MS = 180_000;
const MOST_BYTES = 32 * 1024 * 1024;
/** The number of calls of a provider that run at the same time. */
const AT_ONCE = 5;

/** One call, and the references that it reads. */
interface Call {
  readonly argv: Located["argv"];
  readonly wanted: readonly { readonly reference: SecretReference; readonly field: string }[];
}

type Context = Pick<ResolveSecretsContext, "references" | "bucket" | "signal">;

/**
 * Reads references with one call for each item. The first call runs alone, so that only this call prompts a person to
 * unlock the provider. If it fails, the others do not run. Then at most five run at the same time. Throws
 * SECRET_NOT_READ with all references that cannot be read.
 */
export async function readCalls(
  adapter: Adapter,
  context: Context,
  environment: ProviderEnvironment,
): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>();
  const problems: Problem[] = [];
  const run = async (call: Call) => {
    const read = await readCall(adapter, call, context, environment);
    if (Array.isArray(read)) problems.push(...read);
    else for (const [text, value] of read) values.set(text, value);
  };
  const [first, ...others] = callsOf(adapter, context.references);
  if (first) await run(first);
  if (problems.length === 0) await inParallel(others, run);
  if (context.signal.aborted) throw context.signal.reason;
  if (problems.length > 0) throw notRead(problems);
  return values;
}

async function inParallel(calls: readonly Call[], run: (call: Call) => Promise<void>): Promise<void> {
  const left = calls.values();
  const worker = async () => {
    for (const call of left) await run(call);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

function callsOf(adapter: Adapter, references: readonly SecretReference[]): Call[] {
  const calls = new Map<string, { argv: Located["argv"]; wanted: { reference: SecretReference; field: string }[] }>();
  const problems: Problem[] = [];
  for (const reference of references) {
    const located = adapter.locate(reference);
    if (!located) {
      problems.push(
        error("secret_not_read", reference.text, "does not have the syntax of its provider", `write ${adapter.syntax}`),
      );
      continue;
    }
    const id = JSON.stringify(located.argv);
    const call = calls.get(id) ?? { argv: located.argv, wanted: [] };
    call.wanted.push({ reference, field: located.field });
    calls.set(id, call);
  }
  if (problems.length > 0) throw notRead(problems);
  return [...calls.values()];
}

async function readCall(
  adapter: Adapter,
  { argv, wanted }: Call,
  { bucket, signal }: Context,
  { env, credentials }: ProviderEnvironment,
): Promise<ReadonlyMap<string, string> | Problem[]> {
  const references = wanted.map(({ reference }) => reference);
  const result = await runProgram({
    argv,
    input: adapter.input?.(references),
    cwd: bucket.root,
    env: { ...env, ...adapter.env },
    ...{ limitMs: LIMIT_MS, mostBytes: MOST_BYTES, signal, onTerminal: true },
  });
  const output = textOf(result.stdout);
  if (result.code !== 0 || result.failure !== undefined || output === undefined) {
    const [message, hint] = failureOf(adapter, argv[0], result, credentials);
    return references.map(({ text }) => error("secret_not_read", text, message, hint));
  }
  return valuesOf(adapter, output, wanted);
}

function valuesOf(adapter: Adapter, output: string, wanted: Call["wanted"]): ReadonlyMap<string, string> | Problem[] {
  const values = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { reference, field } of wanted) {
    try {
      const value = adapter.value(output, field);
      if (value === undefined)
        problems.push(
          error(
            "secret_not_read",
            reference.text,
            "the provider has no value for it",
            `check the name; it is written ${adapter.syntax}`,
          ),
        );
      else values.set(reference.text, value);
    } catch (cause) {
      if (!(cause instanceof WrongOutput)) throw cause;
      problems.push(error("secret_not_read", reference.text, `cannot be read: ${cause.message}`, adapter.access));
    }
  }
  return problems.length > 0 ? problems : values;
}

/** The reason why a call failed, and a hint. Credentials and the program's own output are removed from its stderr. */
function failureOf(
  adapter: Adapter,
  program: string,
  result: ProgramResult,
  credentials: readonly string[],
): [string, string] {
  if (result.missing) return [`${program} is not installed, or is not in PATH`, adapter.install];
  const mask = new Mask();
  const output = textOf(result.stdout) ?? "";
  for (const value of [...credentials, output, ...output.split(/["\s]+/)]) mask.add(value);
  const lines = mask
    .text(result.stderr)
    .split("\n")
    .map((line) => line.trim());
  const last = lines
    .filter((line) => line !== "")
    .slice(-3)
    .join("; ");
  const end =
    result.failure ?? (result.code === 0 ? "printed bytes that are not UTF-8 text" : `exited with code ${result.code}`);
  return [[`${program} ${end}`, last].filter((part) => part !== "").join(": "), adapter.access];
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function notRead(problems: readonly Problem[]): MaandError {
  const [first] = problems;
  const one = problems.length === 1 && first ? first : undefined;
  return new MaandError({
    code: "SECRET_NOT_READ",
    message: one ? `${one.where}: ${one.message}` : `${problems.length} secrets cannot be read; nothing was changed`,
    problems,
  });
}
