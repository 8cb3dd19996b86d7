import type { RunReporter } from "../../bucket/bucket.ts";
import { stopIfInterrupted } from "../../bucket/interruption.ts";
import { groupBy } from "../../domain/group-by.ts";
import { secretValueProblem } from "../../domain/kv/secret-names.ts";
import type { SecretReference } from "../../domain/kv/secret-reference.ts";
import { MaandError } from "../../errors.ts";
import { type AbsentPlugin, addPlugin } from "../../plugin-api/absent-plugins.ts";
import type { ResolvedSecrets } from "../../plugin-api/contexts/secrets-context.ts";

/**
 * Reads secrets from their providers, one provider after another, so that two providers never prompt the user at the
 * same time. Writes nothing, and masks every value from then on. Throws SECRET_NOT_READ.
 */
export async function readReferences(
  reporter: RunReporter,
  references: readonly SecretReference[],
): Promise<ResolvedSecrets> {
  const values = new Map<string, string>();
  const unique = [...new Map(references.map((reference) => [reference.text, reference])).values()];
  for (const [provider, some] of groupBy(unique, (reference) => reference.provider)) {
    stopIfInterrupted(reporter.bucket.signal);
    for (const [text, value] of await readProvider(reporter, provider, some)) values.set(text, value);
  }
  return values;
}

async function readProvider(
  reporter: RunReporter,
  provider: string,
  references: readonly SecretReference[],
): Promise<ResolvedSecrets> {
  const { hooks, mask, absent } = reporter.bucket;
  const read = await hooks.resolveSecrets.promise(
    Object.freeze({ ...reporter.context({}), provider, references: Object.freeze([...references]) }),
  );
  if (!read) throw unknownProvider(absent, provider, references);
  for (const value of read.values()) mask.add(value);
  return new Map(references.map(({ text }) => [text, checked(text, read.get(text))]));
}

function checked(text: string, value: unknown): string {
  if (typeof value !== "string") throw notRead(text, "the provider returned no value for it");
  const problem = secretValueProblem(value);
  if (problem !== undefined) throw notRead(text, `its value ${problem}`);
  return value;
}

function notRead(text: string, why: string): MaandError {
  return new MaandError({
    code: "SECRET_NOT_READ",
    message: `${text} cannot be used: ${why}`,
    hint: "correct the value at its provider, or correct the reference; nothing was changed",
  });
}

function unknownProvider(
  absent: readonly AbsentPlugin[],
  provider: string,
  [first]: readonly SecretReference[],
): MaandError {
  const able = absent.find(({ plugin }) => plugin.provides?.answers?.includes("resolveSecrets"));
  return new MaandError({
    code: "SECRET_NOT_READ",
    message: `no plugin reads secrets of the provider "${provider}", as in ${first?.text}`,
    hint: able ? addPlugin(able.name) : PROVIDERS,
  });
}

const PROVIDERS =
  "the page docs/secrets.md lists the providers; for any other, write a program and use secret://exec/<name>/<path>";
