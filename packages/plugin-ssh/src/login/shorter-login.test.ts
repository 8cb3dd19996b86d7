import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import ssh2, { type AuthContext } from "ssh2";
import { afterEach, expect, test } from "vitest";
import { newKey } from "../host-key.test.support.ts";
import { shortenLogin } from "./shorter-login.ts";

const { Client, Server, utils } = ssh2;
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const rsa = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
  publicKeyEncoding: { type: "pkcs1", format: "pem" },
});
const keys = {
  ed25519: newKey(),
  ecdsa: utils.generateKeyPairSync("ecdsa", { bits: 256 }).private,
  rsa: rsa.privateKey,
};

/** Logs in to a server in this process that accepts one key, and returns the requests that it got. */
async function requestsOf(accepted: string, offered: readonly string[], prepare = shortenLogin): Promise<string[]> {
  const known = utils.parseKey(accepted);
  if (known instanceof Error) throw known;
  const requests: string[] = [];
  const server = new Server({ hostKeys: [newKey()] }, (connection) => {
    connection.on("error", () => {});
    connection.on("authentication", (context: AuthContext) => {
      if (context.method !== "publickey") return context.reject(["publickey"]);
      const isKnown = context.key.data.equals(known.getPublicSSH());
      if (!context.signature) requests.push(isKnown ? "offered" : "offered, refused");
      else
        requests.push(
          isKnown && context.blob && known.verify(context.blob, context.signature, context.hashAlgo) === true
            ? "signed"
            : "signed, refused",
        );
      return isKnown ? context.accept() : context.reject(["publickey"]);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = new Client();
  closing.push(
    () => client.destroy(),
    () => server.close(),
  );
  client.connect({
    sock: connect((server.address() as AddressInfo).port, "127.0.0.1"),
    username: "ann",
    authHandler: offered.map((key) => ({ type: "publickey", username: "ann", key })),
  });
  prepare(client);
  await once(client, "ready");
  return requests;
}

test.each(Object.entries(keys))("a key of type %s logs in with one request, which is signed", async (_, key) => {
  expect(await requestsOf(key, [key])).toEqual(["signed"]);
});

test("a key that is refused is followed by the next one", async () => {
  expect(await requestsOf(keys.ecdsa, [keys.ed25519, keys.rsa, keys.ecdsa])).toEqual([
    "signed, refused",
    "signed, refused",
    "signed",
  ]);
});

test("an unknown version of ssh2 uses its normal login", async () => {
  const otherVersion = (client: InstanceType<typeof Client>) => {
    const protocol: object = Reflect.get(client, "_protocol");
    const handlers: object = Reflect.get(protocol, "_handlers");
    Reflect.set(protocol, "_handlers", { ...handlers, GLOBAL_REQUEST: undefined });
    const isShorter = shortenLogin(client);
    Reflect.set(protocol, "_handlers", handlers);
    return isShorter;
  };
  expect(await requestsOf(keys.ed25519, [keys.ed25519], otherVersion)).toEqual(["offered", "signed"]);
});

test("the installed version of ssh2 supports the shorter login", async () => {
  const found: boolean[] = [];
  await requestsOf(keys.ed25519, [keys.ed25519], (client) => {
    found.push(shortenLogin(client));
    return true;
  });
  expect(found).toEqual([true]);
});
