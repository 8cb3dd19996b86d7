import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { aBucket, type TestBucket } from "@maand/core/testing";
import { certs } from "@maand/plugin-certs";
import { examine } from "@maand/plugin-operations/tools";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";

const [A, B] = ["10.0.0.1", "10.0.0.2"] as const;
const START = new Date("2027-01-01T12:00:00.250Z");
const DAY = 86_400_000;

describe("doctor, for certificates,", () => {
  let bucket: TestBucket;
  let now: Date;

  beforeEach(() => {
    now = START;
    bucket = aBucket({ plugins: [certs({ caKey: "ecdsa-p256" })], now: () => now });
    onTestFinished(() => bucket.dispose());
    writeFileSync(join(bucket.root, "maand.conf"), 'transport = "fake"\ncerts_key = "ecdsa-p256"\n');
    bucket.workers(A, B);
    bucket.job("api", { version: "1.0.0", selectors: ["worker"], certs: { web: {}, all: { one: true } } });
  });

  const afterDays = (days: number) => {
    now = new Date(START.getTime() + days * DAY);
  };

  /** The findings of doctor about certificates, as `where: message`. */
  async function found(): Promise<string[]> {
    const maand = await bucket.open();
    const findings = await examine(maand).finally(() => maand.close());
    const about = findings.filter(({ check, ok }) => ["ca", "certificates"].includes(check) && !ok);
    return about.map(({ where, message, hint }) => `${where}: ${message} | ${hint?.replaceAll(bucket.root, "B")}`);
  }

  it("reports no problem until a build would renew a certificate, and warns from then on", async () => {
    await bucket.ship();
    afterDays(44);
    expect(await found()).toEqual([]);
    afterDays(46);
    expect(await found()).toEqual([
      `all of api: the certificate in the store expires in 13 days (${A} and on 1 more) | maand -C B build && maand -C B deploy`,
      `web of api: the certificate in the store expires in 13 days (${A} and on 1 more) | maand -C B build && maand -C B deploy`,
    ]);
  });

  it("warns about a certificate on a worker until it is replaced, even after its expiry", async () => {
    await bucket.ship();
    afterDays(59.5);
    await bucket.build();
    expect(await found()).toEqual([
      `all of api: the certificate on its worker expires in less than a day (${A} and on 1 more) | maand -C B deploy`,
      `web of api: the certificate on its worker expires in less than a day (${A} and on 1 more) | maand -C B deploy`,
    ]);
    afterDays(60.5);
    expect(await found()).toEqual([expect.stringContaining("has expired"), expect.stringContaining("has expired")]);
    await bucket.deploy();
    expect(await found()).toEqual([]);
  });

  it("reports a certificate that is not valid yet", async () => {
    await bucket.build();
    afterDays(400);
    await bucket.build();
    afterDays(0);
    expect(await found()).toEqual([
      expect.stringContaining("is not valid yet"),
      expect.stringContaining("is not valid yet"),
    ]);
  });

  it("suggests checking the clock first if the CA is not valid yet", async () => {
    await bucket.build();
    afterDays(-1);
    expect((await found()).at(-1)).toMatch(
      /the bucket CA is not valid before Jan {2}1 11:00:00 2027 GMT \| date {2}# if it is right, the CA was created/,
    );
  });

  it("warns only about the CA if certificates would expire after it", async () => {
    await bucket.ship();
    afterDays(3650 - 59.5);
    await bucket.ship();
    expect(await found()).toEqual([expect.stringMatching(/^secrets\/ca\.crt: the bucket CA expires in 59 days, on /)]);
    afterDays(3650 - 0.5);
    expect(await found()).toEqual([expect.stringContaining("the bucket CA expires in less than a day, on ")]);
  });
});
