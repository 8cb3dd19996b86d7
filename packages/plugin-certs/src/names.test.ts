import { X509Certificate } from "node:crypto";
import { expect, it } from "vitest";
import { makeAuthority } from "./authority.test.support.ts";
import { keyPairMaker } from "./key-pair.ts";
import { canonical, holdsFor, isCertifiable, readSubjectAltNames } from "./names.ts";
import { leafSigner } from "./x509.ts";

it.each(["10.0.0.1", "::1", "fe80::1", "db", "db.example.com", "*.example.com", "my_user", "xn--bcher-kva.example"])(
  "a certificate can contain the name %s",
  (name) => expect(isCertifiable(name)).toBe(true),
);

it.each([
  "",
  " ",
  "a b",
  "a,b",
  "DNS:a",
  "http://a",
  "a:80",
  "a..b",
  ".a",
  "a.",
  "-a",
  "a-",
  "*",
  "a.*.b",
  "**.a",
  "1.2.3",
  "10.0.0.256",
  "fe80::1%eth0",
  "bücher.example",
  "a\n",
  `${"a".repeat(64)}.b`,
  `${"a.".repeat(127)}aa`,
])("a certificate cannot contain the name %j", (name) => expect(isCertifiable(name)).toBe(false));

it("names are compared in canonical form", () => {
  expect(["FE80:0::1", "fe80:0:0:0:0:0:0:1"].map(canonical)).toEqual(["fe80::1", "fe80::1"]);
  expect(canonical("DB.Example")).toBe("db.example");
});

it("a certificate contains each name once, and requested names are distinguished from the addresses of workers", () => {
  expect(holdsFor(["B", "b", "localhost", "10.0.0.2"], ["10.0.0.1", "10.0.0.2", "127.0.0.1"])).toEqual({
    entry: ["b", "10.0.0.2"],
    hosts: ["10.0.0.1"],
  });
});

const CASES = [
  [[], ["10.0.0.1"]],
  [
    ["db.example", "*.example", "fe80::1", "::ffff:10.0.0.9"],
    ["10.0.0.1", "web-1", "2001:DB8::1"],
  ],
  [["localhost", "127.0.0.1"], ["localhost"]],
  [["10.0.0.1"], ["10.0.0.1"]],
] as const;

it.each(CASES)("the names %j and the workers %j can be read back from a certificate", async (altNames, hosts) => {
  const { authority } = await makeAuthority();
  const { publicKey } = await keyPairMaker()("ecdsa-p256", new AbortController().signal);
  const requested = holdsFor(altNames, hosts);
  const sign = await leafSigner(authority);
  const crt = await sign({
    commonName: "a",
    holdsFor: requested,
    publicKey,
    notBefore: new Date(),
    notAfter: new Date(),
  });
  expect(readSubjectAltNames(new X509Certificate(crt).subjectAltName)).toEqual(requested);
});

it.each([undefined, "", "DNS:a", "IP Address:127.0.0.1", "IP Address:, IP Address:127.0.0.1"])(
  "the alternative names %j are not recognized as names that maand wrote",
  (text) => expect(readSubjectAltNames(text)).toBeUndefined(),
);

it("the names in a certificate that the Go program issued for workers are recognized", () => {
  const text = "IP Address:127.0.0.1, IP Address:10.0.0.1, IP Address:10.0.0.2";
  expect(readSubjectAltNames(text)).toEqual(holdsFor([], ["10.0.0.1", "10.0.0.2"]));
});
