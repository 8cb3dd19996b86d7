import type { Verb } from "../contract.ts";

/** A person who can use the web UI: the user of a one-time code, or the holder of a token. */
export interface Person {
  /** The user that started the server, or the name of a token. */
  readonly name: string;
  readonly allow: readonly Verb[];
  /** Present if the person logged in with a token. Each request then checks the permissions in the file of tokens. */
  readonly byToken?: true;
}

/** The address of the server, and its names in browsers. */
export interface Endpoint {
  readonly secure: boolean;
  readonly port: number;
  /** Values of a Host header that name this server, in lower case: `127.0.0.1:8123`. */
  readonly hosts: ReadonlySet<string>;
}

/** The origin of a page under one of the hosts. */
export function originOf({ secure }: Endpoint, host: string): string {
  return `${secure ? "https" : "http"}://${host}`;
}
