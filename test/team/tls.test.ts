import { execFileSync } from "node:child_process";
import { appendFileSync, chmodSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PgThread } from "../../packages/core/src/store/team/pg/pg-thread.ts";
import { type Postgres, startPostgres } from "../support/postgres/postgres.ts";

const directory = mkdtempSync(join(tmpdir(), "maand-tls-"));
const [ca, other] = [join(directory, "ca.pem"), join(directory, "other.pem")];
let secure: Postgres;
let plain: Postgres;
let url = "";

beforeAll(async () => {
  [secure, plain] = await Promise.all([startPostgres(), startPostgres()]);
  url = secure.database();
  authority("ca");
  authority("other");
  certify(secure, "IP:127.0.0.1");
  appendFileSync(join(secure.data, "postgresql.conf"), "ssl = on\n");
  await secure.stop();
  await secure.start();
});
afterAll(async () => {
  await Promise.all([secure.dispose(), plain.dispose()]);
  rmSync(directory, { recursive: true });
});

function openssl(...args: readonly string[]): void {
  execFileSync("openssl", args, { cwd: directory, stdio: ["ignore", "ignore", "pipe"] });
}

/** Creates a certificate authority: `ca.pem` and `ca.key`. */
function authority(name: string): void {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", `${name}.key`];
  openssl("req", "-x509", ...key, "-out", `${name}.pem`, "-subj", `/CN=${name}`, "-days", "2");
}

/** Configures a server with a certificate of `ca` for a name. */
function certify(postgres: Postgres, name: string): void {
  const [key, certificate] = [join(postgres.data, "server.key"), join(postgres.data, "server.crt")];
  const { uid, gid } = statSync(postgres.data);
  openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", "server.csr", "-subj", "/CN=database");
  writeFileSync(join(directory, "server.ext"), `subjectAltName=${name}\n`);
  const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "server.ext"];
  openssl("x509", "-req", "-in", "server.csr", "-out", certificate, ...signing);
  for (const file of [key, certificate]) {
    chownSync(file, uid, gid);
    chmodSync(file, 0o600);
  }
}

/** Whether the connection to a database is encrypted. Throws the error of the connection. */
function isEncrypted(database: string, options: string): unknown {
  const target = { url: `${database.replace(":secret@", "@")}?${options}`, password: "secret", application: "test" };
  const statements = new PgThread(target, { limitMs: 20_000, attemptMs: 20_000 });
  try {
    return statements.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", [])[0]?.ssl;
  } finally {
    statements.close();
  }
}

const refused = (text: string) =>
  expect.objectContaining({ code: "STORE_REFUSED", message: expect.stringContaining(text) });

it("verify-full connects only to a server whose certificate names it and is from a trusted CA", () => {
  expect(isEncrypted(url, `sslmode=verify-full&sslrootcert=${ca}`)).toBe(true);
  expect(() => isEncrypted(url, `sslmode=verify-full&sslrootcert=${other}`)).toThrow(refused("is not trusted"));
});

it("verify-full refuses the certificate of another server, and verify-ca accepts it", async () => {
  certify(secure, "DNS:database.example.com");
  await secure.stop();
  await secure.start();
  expect(() => isEncrypted(url, `sslmode=verify-full&sslrootcert=${ca}`)).toThrow(refused("is not trusted"));
  expect(isEncrypted(url, `sslmode=verify-ca&sslrootcert=${ca}`)).toBe(true);
  expect(() => isEncrypted(url, `sslmode=verify-ca&sslrootcert=${other}`)).toThrow(refused("is not trusted"));
});

it("sslmode require encrypts without verification and refuses a server without TLS, and sslmode disable does not encrypt", () => {
  expect(isEncrypted(url, "sslmode=require")).toBe(true);
  expect(isEncrypted(url, "sslmode=disable")).toBe(false);
  expect(() => isEncrypted(plain.database(), "sslmode=require")).toThrow(refused("does not offer TLS"));
});
