import { describe, expect, it } from "vitest";
import { Mask } from "./mask-secrets.ts";
import { quote } from "./quote.ts";
import { HIDDEN } from "./secret.ts";

function masking(...secrets: readonly string[]): Mask {
  const mask = new Mask();
  for (const secret of secrets) mask.add(secret);
  return mask;
}

const BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";
const PEM = `-----BEGIN PRIVATE KEY-----\n${BODY}\n-----END PRIVATE KEY-----\n`;

describe("a secret in text", () => {
  it.each([
    ["anywhere", ["s3cret"], "user:s3cret@db s3cret", `user:${HIDDEN}@db ${HIDDEN}`],
    [
      "with special characters of regular expressions",
      ["a.c$(x)+[1]"],
      "is a.c$(x)+[1] and abc",
      `is ${HIDDEN} and abc`,
    ],
    ["that contains another secret", ["pass", "password"], "password pass", `${HIDDEN} ${HIDDEN}`],
    ["with a newline after it", ["s3cret\n"], "got s3cret.", `got ${HIDDEN}.`],
    ["in its escaped JSON form", ['a"b\\c'], String.raw`{"p":"a\"b\\c"}`, `{"p":"${HIDDEN}"}`],
    ["of several lines, line by line", [PEM], `key: ${BODY}, done`, `key: ${HIDDEN}, done`],
    ["that is a complete key file", [PEM], PEM, PEM.replace(BODY, HIDDEN)],
    [
      "that is a key file in JSON",
      [PEM],
      JSON.stringify({ key: PEM }),
      JSON.stringify({ key: PEM.replace(BODY, HIDDEN) }),
    ],
    ["after a character that the secret begins with", [`first line\nn${BODY}`], `\\n${BODY} x`, `\\${HIDDEN} x`],
    ["that is cut off at the end of a line", ["s3cret-word"], "xs3s3cret-w [line cut]", `xs3${HIDDEN} [line cut]`],
    [
      "a key that is cut off at the end of a line",
      [PEM],
      `x ${BODY.slice(0, 40)} [line cut]`,
      `x ${HIDDEN} [line cut]`,
    ],
    ["of several lines with spaces", ["first line here\nsecond line here"], "> second line here", `> ${HIDDEN}`],
  ])("is hidden: %s", (_, secrets, text, expected) => {
    expect(masking(...secrets).text(text)).toBe(expected);
  });

  const ODD = "p'a \"ss/wörd+$x";
  it.each([
    ["in JSON", JSON.stringify({ p: ODD })],
    ["in quotes of a shell", quote(`x ${ODD} y`)],
    ["in a URL", `https://u:${encodeURIComponent(ODD)}@db`],
    ["in a form", new URLSearchParams({ p: ODD }).toString().replaceAll("%27", "'")],
    ["in base64", Buffer.from(ODD).toString("base64")],
    ["in base64 for URLs", Buffer.from(ODD).toString("base64url")],
    ["in base64 after one byte", Buffer.from(`x${ODD}yz`).toString("base64")],
    ["in base64 after two bytes", Buffer.from(`xx${ODD}y`).toString("base64")],
    ["in the base64 of a header", Buffer.from(`user:${ODD}`).toString("base64")],
  ])("is hidden %s", (_, text) => {
    const shown = masking(ODD).text(text);
    expect(shown).toContain(HIDDEN);
    const left = shown.split(HIDDEN).flatMap((part) => [part, Buffer.from(part, "base64").toString()]);
    expect(left.filter((part) => /wörd|ss\/|w%C3|wor/.test(part))).toEqual([]);
    expect(shown.replaceAll(HIDDEN, "").length).toBeLessThan(24);
  });

  it("of several lines is hidden in base64 and in a URL as a whole", () => {
    const base64 = Buffer.from(PEM).toString("base64");
    const broken = base64.match(/.{1,64}/g) ?? [];
    for (const text of [`key: ${base64}`, `key: ${broken[0]}`, `u=${encodeURIComponent(PEM)}`.slice(2)])
      expect(masking(PEM).text(text)).toContain(HIDDEN);
    expect(masking(PEM).text(base64)).toBe(HIDDEN);
  });

  it("is not masked if it is too short", () => {
    expect(masking("no", "a\nb\n1234567").text("no 1234567 a b")).toBe("no 1234567 a b");
  });

  it("is not masked at the end of a truncated line if only a few characters of it are left", () => {
    for (const line of ["a s3c [line cut]", "word [line cut]", "s3cret-w", " [line cut]"])
      expect(masking("s3cret-word").text(line)).toBe(line);
  });

  it("is masked as soon as it is known", () => {
    const mask = masking("first-secret");
    expect(mask.text("first-secret other-secret")).toBe(`${HIDDEN} other-secret`);
    mask.add("other-secret");
    expect(mask.text("first-secret other-secret")).toBe(`${HIDDEN} ${HIDDEN}`);
  });

  it("is found among thousands of keys", () => {
    const mask = new Mask();
    for (let at = 0; at < 5000; at++) mask.add(`-----BEGIN X-----\n${BODY}${at}\n${at}${BODY}\n-----END X-----`);
    for (let at = 0; at < 2000; at++) mask.text(`an ordinary line of output with the number ${at}`);
    expect(mask.text(`x ${BODY}77 y`)).toBe(`x ${HIDDEN} y`);
  });
});

describe("a message of maand", () => {
  const NAMES = ["nginx", "web-admin", "db.prod.example.org", "api"];
  const mask = (...secrets: readonly string[]) => {
    const made = new Mask(() => NAMES);
    for (const secret of secrets) made.add(secret);
    return made;
  };

  it.each<[string, string[], string, string]>([
    ["a secret that is a job's name", ["nginx"], "nginx: start failed", "nginx: start failed"],
    ["a secret within a job's name", ["admin"], "run maand job status web-admin", "run maand job status web-admin"],
    ["a secret within a host", ["prod"], "10.0.0.1 and db.prod.example.org", "10.0.0.1 and db.prod.example.org"],
    ["a secret that is a word of a hint", ["deploy"], "fix it, then run maand deploy", "fix it, then run maand deploy"],
    ["a short secret", ["1", "api"], "api failed: 1 of 1", "api failed: 1 of 1"],
  ])("keeps %s", (_, secrets, text, expected) => expect(mask(...secrets).sentence(text)).toBe(expected));

  it.each<[string, string[], string, string]>([
    ["any other secret", ["hunter22"], "nginx: hunter22 refused", `nginx: ${HIDDEN} refused`],
    ["a secret that begins with a name", ["nginx-s3cret"], "as nginx-s3cret", `as ${HIDDEN}`],
    ["a secret that continues after a name", ["nginx s3cret"], "for nginx s3cret", `for ${HIDDEN}`],
    ["a secret around a name", ["x nginx y"], "a x nginx y b", `a ${HIDDEN} b`],
    ["a word within another", ["deploy"], "redeployed", `re${HIDDEN}ed`],
    ["a key", [PEM], `nginx: ${BODY}`, `nginx: ${HIDDEN}`],
  ])("masks %s", (_, secrets, text, expected) => expect(mask(...secrets).sentence(text)).toBe(expected));

  it.each<[string, string, string, string]>([
    ["a word of it", "needs", "it needs python3: install it", "it needs python3: install it"],
    ["the command in it", "maand deploy", "fix it, then run maand deploy", "fix it, then run maand deploy"],
    ["all of it", "run maand build first", "run maand build first", "run maand build first"],
    ["a path in it", "workspace/disabled.json", "look at workspace/disabled.json", "look at workspace/disabled.json"],
    ["a job in it", "nginx", "maand why nginx", "maand why nginx"],
    ["a host in it", "10.0.0.1", "maand why api 10.0.0.1", "maand why api 10.0.0.1"],
  ])("keeps a hint unchanged if a secret is %s", (_, secret, hint, expected) => {
    const made = new Mask(() => [...NAMES, "10.0.0.1"]);
    made.add(secret);
    expect(made.conceal({ hint })).toEqual({ hint: expected });
  });

  it("masks any other secret in a hint", () =>
    expect(mask("hunter22", "deploy").conceal({ hint: "maand deploy, not hunter22" })).toEqual({
      hint: `maand deploy, not ${HIDDEN}`,
    }));

  it("keeps names in messages of maand, and masks them in command output", () => {
    const record = {
      job: "nginx",
      message: "nginx failed",
      hint: "maand job status nginx",
      line: "pw nginx",
      output: ["nginx"],
    };
    expect(mask("nginx").conceal(record)).toEqual({ ...record, line: `pw ${HIDDEN}`, output: [HIDDEN] });
  });
});

it("names and outcomes in a record are not masked", () => {
  const record = {
    job: "admin",
    outcome: "failed",
    line: "user admin",
    output: ["admin"],
    allocations: [{ job: "admin", message: "admin" }],
  };
  expect(masking("admin", "failed").conceal(record)).toEqual({
    job: "admin",
    outcome: "failed",
    line: `user ${HIDDEN}`,
    output: [HIDDEN],
    allocations: [{ job: "admin", message: HIDDEN }],
  });
});

it("a record without secrets is returned unchanged", () => {
  const record = { line: "x", exit: null };
  expect(new Mask().conceal(record)).toBe(record);
});
