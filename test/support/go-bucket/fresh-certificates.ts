import { createHash, createPrivateKey, createPublicKey, type KeyObject, webcrypto } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(new URL("../../../packages/core/package.json", import.meta.url));
const ofCerts = createRequire(new URL("../../../packages/plugin-certs/package.json", import.meta.url));
const Sqlite: typeof import("better-sqlite3") = require("better-sqlite3");

const DAY = 86_400_000;

/**
 * Signs the certificates of job api again with the same keys, as the Go program does: for the address of the worker and
 * 127.0.0.1, without a host name.
 */
export async function freshCertificates(bucket: string, workers: ReadonlyMap<string, string>): Promise<void> {
  const db = new Sqlite(join(bucket, "data/maand.db"));
  try {
    for (const [host, place] of workers) {
      const certs = join(place, "jobs/api/certs");
      const key = readIfThere(join(certs, "api.key"));
      if (key === undefined) continue;
      const crt = await sign(bucket, host, createPrivateKey(key));
      writeFileSync(join(certs, "api.crt"), crt);
      const put = db.prepare("UPDATE key_value SET value = ? WHERE namespace = ? AND key = 'certs/api.crt'");
      put.run(crt, `maand/job/api/worker/${host}`);
      db.prepare(
        "UPDATE hash SET current_files = json_set(current_files, '$.\"certs/api.crt\"', @md5), previous_files = json_set(previous_files, '$.\"certs/api.crt\"', @md5) WHERE key = (SELECT alloc_id FROM allocations WHERE job = 'api' AND worker_ip = @host)",
      ).run({ md5: createHash("md5").update(crt).digest("hex"), host });
    }
    db.pragma("wal_checkpoint(TRUNCATE)");
  } finally {
    db.close();
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

async function sign(bucket: string, host: string, key: KeyObject): Promise<string> {
  const read = (name: string) => readFileSync(join(bucket, "secrets", name), "utf8");
  await import(pathToFileURL(ofCerts.resolve("reflect-metadata")).href);
  const x509: typeof import("@peculiar/x509") = await import(pathToFileURL(ofCerts.resolve("@peculiar/x509")).href);
  const authority = new x509.X509Certificate(read("ca.crt"));
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const signingKey = await webcrypto.subtle.importKey(
    "pkcs8",
    createPrivateKey(read("ca.key")).export({ type: "pkcs8", format: "der" }),
    algorithm,
    false,
    ["sign"],
  );
  const now = Math.floor(Date.now() / 1000) * 1000;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: "CN=api.internal",
    issuer: authority.subjectName,
    notBefore: new Date(now),
    notAfter: new Date(now + 60 * DAY),
    publicKey: createPublicKey(key).export({ type: "spki", format: "der" }),
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.SubjectAlternativeNameExtension([
        { type: "ip", value: "127.0.0.1" },
        { type: "ip", value: host },
      ]),
    ],
  });
  return certificate.toString("pem").trim(); // without the final newline, as in the store
}
