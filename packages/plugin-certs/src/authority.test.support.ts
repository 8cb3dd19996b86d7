import { type Authority, readAuthority } from "./authority.ts";
import type { AuthorityFiles } from "./authority-files.ts";
import { keyPairMaker, keyPem } from "./key-pair.ts";
import { signAuthority } from "./x509.ts";

/** A CA like that of `maand init`, only smaller, with its files. */
export async function makeAuthority(
  notBefore = new Date("2026-01-01T00:00:00Z"),
  notAfter = new Date("2036-01-01T00:00:00Z"),
): Promise<{ readonly authority: Authority; readonly files: AuthorityFiles }> {
  const keys = await keyPairMaker()("ecdsa-p256", new AbortController().signal);
  const crt = await signAuthority("bucket", keys, { notBefore, notAfter });
  const files = { crt, key: keyPem(keys.privateKey, false) };
  const found = readAuthority(files);
  if (found.state !== "ready") throw new Error(found.state);
  return { authority: found.authority, files };
}
