import { checkServerIdentity, createServer, connect as tlsConnect } from "node:tls";
import { expect, it } from "vitest";
import { withFleetBucket } from "../../support/bucket/fleet-bucket.ts";

const MANIFEST = {
  version: "1.0.0",
  selectors: ["worker"],
  certs: { web: { subject: { alt_names: ["api.example"] } } },
};

it("certificates have the right modes on workers and work for TLS, and a new worker does not rotate others", () =>
  withFleetBucket({ count: 3 }, async ({ bucket, fleet, workers, directory, lifecycle }) => {
    const [first, second, third] = workers;
    if (!first || !second || !third) throw new Error("three workers are needed");
    bucket.workers(...fleet.workersJson().slice(0, 2));
    bucket.job("api", MANIFEST);
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });

    const at = (file: string) => `${directory("api")}/certs/${file}`;
    expect(await first.list(at(""))).toEqual(["ca.crt", "web.crt", "web.key"]);
    expect(await first.mode(at("web.key"))).toBe(0o600);
    expect(await first.mode(at("web.crt"))).toBe(0o644);
    expect(await first.mode(at("ca.crt"))).toBe(0o644);
    expect(await first.read(at("ca.crt"))).toBe(bucket.read("secrets/ca.crt"));
    const pair = {
      ca: await first.read(at("ca.crt")),
      cert: await first.read(at("web.crt")),
      key: await first.read(at("web.key")),
    };
    for (const name of [first.host, "api.example", "localhost"])
      expect(await handshake(pair, name)).toBe("both sides agree");
    await expect(handshake(pair, second.host)).rejects.toThrow(/altnames/);

    const before = await second.read(at("web.crt"));
    bucket.workers(...fleet.workersJson());
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    expect([await first.read(at("web.crt")), await second.read(at("web.crt"))]).toEqual([pair.cert, before]);
    for (const worker of workers) expect(await lifecycle("api", worker)).toEqual(["start 0.0.0 1.0.0"]);
    const printed = await bucket.json<{ worker: string | null; status: string }[]>("cat", "certs");
    expect(printed.map(({ worker, status }) => [worker, status])).toEqual(
      [null, ...workers.map(({ host }) => host).sort()].map((host) => [host, "ok"]),
    );
  }));

interface Pair {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** Connects a client to a server called `name`. Both use this pair, and each side requires a certificate from the other. */
function handshake(pair: Pair, name: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer({ ...pair, requestCert: true, rejectUnauthorized: true }, (socket) => {
      socket.on("error", () => undefined).end("both sides agree");
    });
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address ? address.port : 0;
      const client = tlsConnect({
        ...pair,
        port,
        host: "127.0.0.1",
        checkServerIdentity: (_, cert) => checkServerIdentity(name, cert),
      });
      client.setEncoding("utf8").on("data", resolve).on("error", reject);
      client.on("close", () => server.close());
    });
  });
}
