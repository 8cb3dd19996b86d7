import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { applyPlugins } from "@maand/core/internal";
import { initContext } from "@maand/core/testing";
import { describe, expect, it } from "vitest";
import { makeAuthority } from "./authority.test.support.ts";
import { outOfTime, readAuthority } from "./authority.ts";
import { writeAuthorityFiles } from "./authority-files.ts";
import { type CertsOptions, certs } from "./certs.ts";
import {
  described,
  type GivenAuthority,
  givenAuthority,
  openssl,
  scratchDirectory,
  traditional,
} from "./openssl.test.support.ts";

const NOW = new Date("2026-06-01T12:00:00.700Z");
const RSA = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
const curve = (name: string) => ["-algorithm", "EC", "-pkeyopt", `ec_paramgen_curve:${name}`];

async function init(root: string, options: CertsOptions = { caKey: "ecdsa-p256" }, now = NOW): Promise<void> {
  const hooks = await applyPlugins([certs(options)]);
  await hooks.init.promise(initContext({ bucket: { id: "the-bucket", root }, now: () => now }));
}

function secrets(root: string): { crt: string; key: string } {
  return {
    crt: readFileSync(join(root, "secrets/ca.crt"), "utf8"),
    key: readFileSync(join(root, "secrets/ca.key"), "utf8"),
  };
}

/** A bucket whose `secrets/` has these files. */
function giveAuthority(files: { readonly crt?: string; readonly key?: string }): string {
  const root = scratchDirectory();
  mkdirSync(join(root, "secrets"));
  if (files.crt !== undefined) writeFileSync(join(root, "secrets/ca.crt"), files.crt);
  if (files.key !== undefined) writeFileSync(join(root, "secrets/ca.key"), files.key, { mode: 0o644 });
  return root;
}

describe("the CA created by init", () => {
  it("has an RSA key of 4096 bits and is valid for ten years by default", async () => {
    const root = scratchDirectory();
    process.env.MAAND_TEST = "1";
    await init(root, {}).finally(() => delete process.env.MAAND_TEST);
    const { crt, key } = secrets(root);
    const text = described(crt);
    expect(text).toMatch(/Subject: CN ?= ?the-bucket\n/);
    expect(text).toMatch(/Issuer: CN ?= ?the-bucket\n/);
    expect(text).toContain("Public-Key: (4096 bit)");
    expect(text.match(/Signature Algorithm: .*/g)).toEqual(
      Array(2).fill("Signature Algorithm: sha256WithRSAEncryption"),
    );
    expect(text).toMatch(/Not Before: Jun {2}1 11:00:00 2026 GMT\s+Not After : May 29 12:00:00 2036 GMT/);
    expect(text).toMatch(/Basic Constraints: critical\n\s+CA:TRUE\n/);
    expect(text).toMatch(/Key Usage: critical\n\s+Digital Signature, Key Encipherment, Certificate Sign\n/);
    expect(text).toMatch(/Subject Key Identifier: \n\s+([0-9A-F]{2}:){19}/);
    expect(key).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n[\s\S]+\n-----END RSA PRIVATE KEY-----\n$/);
  });

  it("can be read only by its owner, and no partial files are left behind", async () => {
    const root = scratchDirectory();
    await init(root);
    const mode = (path: string) => (statSync(join(root, path)).mode & 0o777).toString(8);
    expect([mode("secrets"), mode("secrets/ca.key"), mode("secrets/ca.crt")]).toEqual(["700", "600", "600"]);
    expect(readdirSync(join(root, "secrets")).sort()).toEqual(["ca.crt", "ca.key"]);
  });

  it("is never replaced", async () => {
    const root = scratchDirectory();
    await init(root);
    const before = secrets(root);
    await init(root);
    expect(secrets(root)).toEqual(before);
    expect(() => writeAuthorityFiles(root, { crt: "x", key: "y" })).toThrow("EEXIST");
    expect(secrets(root)).toEqual(before);
  });
});

describe("an existing CA", () => {
  const KINDS: Readonly<Record<string, GivenAuthority>> = {
    "an RSA key": { key: RSA },
    "a key on P-256": { key: curve("P-256") },
    "a key on P-384": { key: curve("P-384") },
    "a key on P-521": { key: curve("P-521") },
    "a subject with many parts": { subject: "/C=DE/O=Büro, Ges. m.b.H./OU=a+b/CN=root" },
  };

  it.each(Object.entries(KINDS))("can have %s, as PKCS#8 and in the older format", async (_, given) => {
    const { crt, key } = givenAuthority(given);
    for (const form of [key, traditional(key)]) {
      const root = giveAuthority({ crt, key: form });
      await init(root, {}, new Date());
      expect(secrets(root)).toEqual({ crt, key: form });
      expect(statSync(join(root, "secrets/ca.key")).mode & 0o777).toBe(0o600);
    }
  });

  it("is copied to workers without the other contents of its file, such as a key", () => {
    const { crt, key } = givenAuthority();
    const found = readAuthority({ crt: `# ours\n${key}${crt}`, key });
    expect(found).toMatchObject({ state: "ready", authority: { pem: crt } });
  });

  const REFUSED: readonly (readonly [string, () => { crt?: string; key?: string }, string, RegExp])[] = [
    ["only its certificate", () => ({ crt: givenAuthority().crt }), "secrets/ca.key", /incomplete/],
    ["only its key", () => ({ key: givenAuthority().key }), "secrets/ca.crt", /incomplete/],
    ["no certificate", () => ({ crt: "x", key: "" }), "secrets/ca.crt", /not a certificate/],
    [
      "a damaged certificate",
      () => ({ crt: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", key: "" }),
      "secrets/ca.crt",
      /not a certificate/,
    ],
    ["no key", () => ({ crt: givenAuthority().crt, key: "x" }), "secrets/ca.key", /not a private key/],
    ["an empty key", () => ({ crt: givenAuthority().crt, key: "" }), "secrets/ca.key", /not a private key/],
    ["a key with a passphrase", () => locked("pkey"), "secrets/ca.key", /passphrase/],
    ["a key with a passphrase in the older format", () => locked("ec"), "secrets/ca.key", /passphrase/],
    [
      "the key of another CA",
      () => ({ ...givenAuthority(), key: givenAuthority().key }),
      "secrets/ca.key",
      /not the key of/,
    ],
    [
      "a certificate that is not a CA",
      () => givenAuthority({ extensions: ["basicConstraints=critical,CA:FALSE"] }),
      "secrets/ca.crt",
      /may not sign/,
    ],
    [
      "a CA that may not sign certificates",
      () => givenAuthority({ extensions: ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,cRLSign"] }),
      "secrets/ca.crt",
      /may not sign/,
    ],
    ["an Ed25519 key", () => givenAuthority({ key: ["-algorithm", "ED25519"] }), "secrets/ca.key", /type ed25519/],
    [
      "a short key",
      () => givenAuthority({ key: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"] }),
      "secrets/ca.key",
      /1024 bits is too short/,
    ],
  ];

  it.each(REFUSED)("is refused with %s, and stays unchanged", async (_, files, where, message) => {
    const given = files();
    const root = giveAuthority(given);
    await expect(init(root)).rejects.toMatchObject({
      code: "PROBLEMS",
      problems: [{ where, message: expect.stringMatching(message), hint: expect.stringMatching(/./), level: "error" }],
    });
    for (const end of ["crt", "key"] as const) {
      const file = join(root, `secrets/ca.${end}`);
      expect(existsSync(file) ? readFileSync(file, "utf8") : undefined).toBe(given[end]);
    }
  });

  function locked(as: "pkey" | "ec") {
    const given = givenAuthority();
    const file = join(scratchDirectory(), "it.key");
    writeFileSync(file, given.key);
    return { crt: given.crt, key: openssl(as, "-in", file, "-aes256", "-passout", "pass:x") };
  }

  it("is refused before and after its validity period", async () => {
    const { authority, files } = await makeAuthority(new Date("2026-02-01"), new Date("2026-03-01"));
    expect(outOfTime(authority, new Date("2026-01-31"))?.message).toContain("not valid before Feb  1");
    expect(outOfTime(authority, new Date("2026-02-01"))).toBeUndefined();
    expect(outOfTime(authority, new Date("2026-03-01"))?.message).toContain("has expired, on Mar  1");
    const root = giveAuthority({ crt: files.crt ?? "", key: files.key ?? "" });
    await expect(init(root)).rejects.toMatchObject({ problems: [{ where: "secrets/ca.crt" }] });
  });

  it("is not treated as missing if it cannot be read", async () => {
    const root = giveAuthority({});
    mkdirSync(join(root, "secrets/ca.crt"));
    await expect(init(root)).rejects.toThrow("is not a file");
  });
});
