import { aWorker, callHook, connectContext, preflightContext } from "@maand/core/testing";
import { expect, it } from "vitest";
import { account } from "./index.ts";

const worker = aWorker({ host: "shop", transport: "account" });

it("the transport account ignores workers with another transport", async () => {
  expect(await callHook(account, "connect", connectContext())).toBeUndefined();
  expect(await callHook(account, "locate", connectContext())).toBeUndefined();
});

it("the transport account gives each account its own directory", async () => {
  expect(await callHook(account, "locate", connectContext({ worker }))).toBe("/opt/worker/shop/bucket");
});

it("the transport account names an account that sudo cannot use", async () => {
  const unknown = aWorker({ host: "no-such-account", transport: "account" });
  await expect(callHook(account, "connect", connectContext({ worker: unknown }))).rejects.toMatchObject({
    code: "UNREACHABLE",
    worker: "no-such-account",
    message: expect.stringMatching(/^cannot reach no-such-account: .*sudo/),
  });
});

it("the transport account requires no program on workers with another transport", async () => {
  const others = preflightContext();
  await callHook(account, "preflight", others);
  expect(others.tools).toEqual([]);
});
