import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Runs the real openssl and returns its output. */
export function openssl(...args: readonly string[]): string {
  return execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** A directory that is deleted after the test. */
export function scratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "maand-certs-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** The output of openssl for a certificate, without random numbers. */
export function described(pem: string): string {
  const file = join(scratchDirectory(), "it.crt");
  writeFileSync(file, pem);
  return openssl("x509", "-in", file, "-noout", "-text");
}

/**
 * Verifies a certificate with a CA at a given time, as strictly as openssl can. Throws with its output if this fails.
 */
export function verify(ca: string, crt: string, at: Date, ...more: readonly string[]): void {
  const directory = scratchDirectory();
  const files = { ca: join(directory, "ca.crt"), crt: join(directory, "it.crt") };
  writeFileSync(files.ca, ca);
  writeFileSync(files.crt, crt);
  const when = String(Math.floor(at.getTime() / 1000));
  openssl("verify", "-x509_strict", "-attime", when, "-CAfile", files.ca, ...more, files.crt);
}

/** Options for a CA of an operator. */
export interface GivenAuthority {
  /** Arguments of `openssl genpkey`. */
  readonly key?: readonly string[];
  readonly subject?: string;
  readonly extensions?: readonly string[];
  /** A key to use, as PEM. */
  readonly sameKey?: string;
}

/** A CA that an operator made with openssl, with its key as PKCS#8. */
export function givenAuthority({ key, subject = "/CN=brought", extensions, sameKey }: GivenAuthority = {}): {
  crt: string;
  key: string;
} {
  const file = join(scratchDirectory(), "ca.key");
  const curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
  if (sameKey === undefined) openssl("genpkey", ...(key ?? curve), "-out", file);
  else writeFileSync(file, sameKey);
  const signs = extensions ?? ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];
  const more = signs.flatMap((extension) => ["-addext", extension]);
  const config = join(scratchDirectory(), "req.conf");
  writeFileSync(config, "[req]\ndistinguished_name = dn\n[dn]\n");
  const crt = openssl(
    "req",
    "-x509",
    "-config",
    config,
    "-new",
    "-key",
    file,
    "-subj",
    subject,
    "-days",
    "3650",
    ...more,
  );
  return { crt, key: openssl("pkey", "-in", file) };
}

/** The same key in the older format of its kind: PKCS#1 or SEC 1. */
export function traditional(key: string): string {
  const file = join(scratchDirectory(), "it.key");
  writeFileSync(file, key);
  return openssl("pkey", "-in", file, "-traditional");
}
