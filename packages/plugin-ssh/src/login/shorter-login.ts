import type { Client } from "ssh2";

type Sign = (data: Buffer, send: (signature: Buffer) => void) => void;
type AskLogin = (user: string, key: unknown, algorithm?: string, sign?: Sign) => void;
type OnRequest = (protocol: object, name: string, wantsAnswer: boolean, data: unknown) => void;

interface Handlers {
  GLOBAL_REQUEST: OnRequest;
}

/** The private parts of ssh2 that this module changes. */
interface Protocol {
  authPK: AskLogin;
  requestSuccess(): void;
  readonly _handlers: Handlers;
}

interface SigningKey {
  sign(data: Buffer, hash?: string): Buffer | Error;
}

/** The hash of a signature, by the name of the algorithm; other kinds of keys have their own hash. */
const HASHES: Readonly<Record<string, string>> = {
  "ssh-rsa": "sha1",
  "rsa-sha2-256": "sha256",
  "rsa-sha2-512": "sha512",
};

/**
 * Removes two round trips from the login of a client that has begun to connect. It signs immediately, without first
 * checking whether the server would accept a key. The signature is only valid for this session, whose host key was
 * already checked. It also prevents the server from proving its other host keys, which maand does not use. A key of an
 * agent is still offered first, because the agent may prompt a person. Returns whether ssh2 has the parts that this
 * changes. Another version of ssh2 may lack them, and then uses its normal login.
 */
export function shortenLogin(client: Client): boolean {
  const protocol: unknown = Reflect.get(client, "_protocol");
  if (!isProtocol(protocol)) return false;
  signAtFirst(protocol);
  skipOtherHostKeys(protocol);
  return true;
}

function signAtFirst(protocol: Protocol): void {
  const ask: AskLogin = protocol.authPK.bind(protocol);
  protocol.authPK = (user, key, algorithm, sign) => {
    if (typeof algorithm === "function" || sign !== undefined || !canSign(key)) return ask(user, key, algorithm, sign);
    return ask(user, key, algorithm, (data, send) => {
      const signature = key.sign(data, algorithm === undefined ? undefined : HASHES[algorithm]);
      if (signature instanceof Error)
        ask(user, key, algorithm); // ssh2 reports this when the server requests the signature
      else send(signature);
    });
  };
}

function skipOtherHostKeys(protocol: Protocol): void {
  const handlers = protocol._handlers;
  const { GLOBAL_REQUEST: others } = handlers;
  handlers.GLOBAL_REQUEST = (own, name, wantsAnswer, data) => {
    if (name !== "hostkeys-00@openssh.com") others(own, name, wantsAnswer, data);
    else if (wantsAnswer) protocol.requestSuccess();
  };
}

function isProtocol(value: unknown): value is Protocol {
  if (!isObject(value)) return false;
  const { authPK, requestSuccess, _handlers: handlers } = value;
  const isKnown = typeof authPK === "function" && authPK.length === 4 && typeof requestSuccess === "function";
  return isKnown && isObject(handlers) && typeof handlers.GLOBAL_REQUEST === "function";
}

function canSign(key: unknown): key is SigningKey {
  if (!isObject(key)) return false;
  const { isPrivateKey, sign } = key;
  return typeof sign === "function" && typeof isPrivateKey === "function" && isPrivateKey.call(key) === true;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
