import { type ContributeContext, definePlugin, type InitContext, type Job, MaandError, type Plugin } from "@maand/core";
import { problemsError } from "@maand/core/toolbox";
import { type Authority, outOfTime, readAuthority } from "./authority.ts";
import { keepPrivate, readAuthorityFiles, writeAuthorityFiles } from "./authority-files.ts";
import { CERTS_SETTINGS } from "./conf.ts";
import { contributeCerts } from "./contribute.ts";
import { BACKDATED_MS } from "./decide.ts";
import { examineAuthority } from "./examine.ts";
import { type KeyKind, keyPairMaker, keyPem, type MakeKeyPair } from "./key-pair.ts";
import { renderCerts } from "./render.ts";
import { CERTS } from "./schema.ts";
import { validateAuthority, validateCerts } from "./validate.ts";
import { leafSigner, type SignLeaf, signAuthority } from "./x509.ts";

export interface CertsOptions {
  /** Kind of key for a new CA; default `rsa-4096`. Tests use smaller keys, which are created faster. */
  readonly caKey?: KeyKind;
}

/** The parts of a context that are needed to create a CA. */
type ClockContext = Pick<InitContext, "bucket" | "settings" | "now" | "run" | "signal"> &
  Partial<Pick<ContributeContext, "isPreview">>;

/** Days that a new CA is valid. */
const AUTHORITY_DAYS = 3650;

/**
 * Provides a bucket with a certificate authority, and its jobs with the certificates that `certs` of their manifests
 * require.
 */
export function certs({ caKey = "rsa-4096" }: CertsOptions = {}): Plugin {
  const makeKeyPair = keyPairMaker();
  const authorityOf = oncePerRun((context) => haveAuthority(context, caKey, makeKeyPair));
  const signerOf = oncePerRun(async (context): Promise<SignLeaf> => leafSigner(await authorityOf(context)));
  return definePlugin({
    name: "certs",
    settings: CERTS_SETTINGS,
    claims: { certs: CERTS },
    apply(hooks) {
      hooks.init.tapPromise("certs", async (context) => {
        const flaw = outOfTime(await authorityOf(context), context.now());
        if (flaw) throw problemsError([flaw]);
      });
      hooks.validate.tap("certs", (context) => {
        validateCerts(context);
        validateAuthority(context);
      });
      hooks.contribute.tapPromise("certs", async (context) => {
        const authority = await authorityOf(context);
        await contributeCerts(context, { authority, makeKeyPair, signer: () => signerOf(context) });
      });
      const sameForAll = ({ manifest }: Job) => manifest.certs === undefined; // the tree contains only the certificate of the CA
      hooks.render.tap({ name: "certs", sameForAll }, renderCerts);
      hooks.examine.tap("certs", examineAuthority);
    },
  });
}

/**
 * The bucket's CA. Creates it if it is missing, for example in a bucket to which this plugin was added later. A
 * preview creates a temporary CA and writes no file.
 */
async function haveAuthority(context: ClockContext, kind: KeyKind, makeKeyPair: MakeKeyPair): Promise<Authority> {
  const { bucket, signal, isPreview = false } = context;
  const found = readAuthority(readAuthorityFiles(context));
  if (found.state === "refused") throw problemsError([found.problem]);
  if (found.state === "ready") {
    if (!isPreview) keepPrivate(bucket.root);
    return found.authority;
  }
  const keys = await makeKeyPair(kind, signal);
  const now = Math.floor(context.now().getTime() / 1000) * 1000;
  const notBefore = new Date(now - BACKDATED_MS);
  const notAfter = new Date(now + AUTHORITY_DAYS * 86_400_000);
  const crt = await signAuthority(bucket.id, keys, { notBefore, notAfter });
  const files = { crt, key: keyPem(keys.privateKey, false) };
  if (!isPreview) writeAuthorityFiles(bucket.root, files);
  const made = readAuthority(isPreview ? files : readAuthorityFiles(context));
  if (made.state === "ready") return made.authority;
  throw new MaandError({ code: "HOOK_FAILED", message: "the bucket CA cannot be read back after it was created" });
}

/** Caches the result for one run, whose jobs are processed in parallel. */
function oncePerRun<T>(make: (context: ClockContext) => Promise<T>): (context: ClockContext) => Promise<T> {
  let last: { readonly run: string; readonly made: Promise<T> } | undefined;
  return (context) => {
    if (last?.run !== context.run.id) last = { run: context.run.id, made: make(context) };
    return last.made;
  };
}
