import type { ContributeContext } from "@maand/core";
import { NAMESPACE } from "@maand/core/toolbox";
import type { Authority } from "./authority.ts";
import { CERTS_SETTINGS } from "./conf.ts";
import { NEW, type Pair, reasonToMake, validityOf, type Wanted } from "./decide.ts";
import { keyPem, type MakeKeyPair } from "./key-pair.ts";
import { holdsFor } from "./names.ts";
import { type CertEntry, readCerts } from "./settings.ts";
import type { SignLeaf } from "./x509.ts";

/** The prefix of the keys and paths of certificates. */
export const PREFIX = "certs/";

/** The CA of a build, and the function that issues certificates with it. */
export interface Mint {
  readonly authority: Authority;
  readonly makeKeyPair: MakeKeyPair;
  /** Loads the code that signs certificates, only when one must be signed. */
  signer(): Promise<SignLeaf>;
}

/**
 * Checks every certificate of one job, issues new certificates where necessary, and contributes them to the KV store.
 */
export async function contributeCerts(context: ContributeContext, mint: Mint): Promise<void> {
  const { job, kv } = context;
  const wanted = readCerts(job);
  const hosts = wanted.length === 0 ? [] : context.allocations.map(({ host }) => host);
  const held = await Promise.all(wanted.map((entry) => pairsOf(context, mint, entry, hosts)));
  kv.sync(NAMESPACE.workers, PREFIX, { [`${PREFIX}ca.crt`]: mint.authority.pem });
  const ofHost = (host: string) =>
    Object.fromEntries(held.flatMap(({ name, pairs }) => entriesOf(name, pairs.get(host))));
  kv.syncAllocations(PREFIX, new Map(hosts.map((host) => [host, ofHost(host)])));
}

interface Held {
  readonly name: string;
  /** By host. */
  readonly pairs: ReadonlyMap<string, Pair>;
}

function entriesOf(name: string, pair: Pair | undefined): [string, string][] {
  if (!pair) return [];
  return [
    [`${PREFIX}${name}.crt`, pair.crt],
    [`${PREFIX}${name}.key`, pair.key],
  ];
}

async function pairsOf(
  context: ContributeContext,
  mint: Mint,
  entry: CertEntry,
  hosts: readonly string[],
): Promise<Held> {
  const made: string[] = [];
  const settings = CERTS_SETTINGS.from(context.settings);
  const wanted = { entry, authority: mint.authority, settings, now: context.now() };
  const pairs = entry.one
    ? await onePair(context, mint, { ...wanted, hosts }, made)
    : await Promise.all(hosts.map((host) => ownPair(context, mint, { ...wanted, hosts: [host] }, host, made)));
  if (made.length > 0) context.log(sentence(entry, context.job.name, hosts.length, made));
  return { name: entry.name, pairs: new Map(pairs) };
}

async function ownPair(
  context: ContributeContext,
  mint: Mint,
  wanted: Wanted,
  host: string,
  made: string[],
): Promise<[string, Pair]> {
  const stored = storedPair(context, wanted.entry.name, host);
  const reason = reasonToMake(stored, wanted);
  if (stored && reason === undefined) return [host, stored];
  made.push(reason ?? NEW);
  return [host, await makePair(context, mint, wanted)];
}

/** The pair shared by all workers: the first stored pair that is still valid, also used for workers that lack it. */
async function onePair(
  context: ContributeContext,
  mint: Mint,
  wanted: Wanted,
  made: string[],
): Promise<[string, Pair][]> {
  const { entry, hosts } = wanted;
  if (hosts.length === 0) return [];
  const stored = hosts.flatMap((host) => storedPair(context, entry.name, host) ?? []);
  const distinct = [...new Map(stored.map((pair) => [pair.crt + pair.key, pair])).values()];
  const judged = distinct.map((pair) => ({ pair, reason: reasonToMake(pair, wanted) }));
  const kept = judged.find(({ reason }) => reason === undefined)?.pair;
  if (!kept) made.push(judged[0]?.reason ?? NEW);
  const pair = kept ?? (await makePair(context, mint, wanted));
  return hosts.map((host) => [host, pair]);
}

function storedPair({ kv, job }: ContributeContext, name: string, host: string): Pair | undefined {
  const namespace = NAMESPACE.allocation(job.name, host);
  const crt = kv.find(namespace, `${PREFIX}${name}.crt`);
  const key = kv.find(namespace, `${PREFIX}${name}.key`);
  return crt === undefined || key === undefined ? undefined : { crt, key };
}

async function makePair({ settings, signal }: ContributeContext, mint: Mint, wanted: Wanted): Promise<Pair> {
  const sign = await mint.signer();
  const { entry, hosts } = wanted;
  const { privateKey, publicKey } = await mint.makeKeyPair(CERTS_SETTINGS.from(settings).certs_key, signal);
  const names = holdsFor(entry.altNames, hosts);
  const crt = await sign({ commonName: entry.commonName, holdsFor: names, publicKey, ...validityOf(wanted) });
  return { crt, key: keyPem(privateKey, entry.pkcs8) };
}

function sentence({ name, one }: CertEntry, job: string, workers: number, made: readonly string[]): string {
  const reasons = [...new Set(made)].join("; ");
  const recipients = one ? "all its workers" : `${made.length} of ${workers} ${workers === 1 ? "worker" : "workers"}`;
  return `certificate "${name}" of ${job}: issued for ${recipients} (${reasons})`;
}
