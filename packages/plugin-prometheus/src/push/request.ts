import { existsSync, readFileSync } from "node:fs";
import { request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import { join, resolve } from "node:path";
import { rootCertificates } from "node:tls";
import { MaandError } from "@maand/core";

/** A request. */
export interface Request {
  readonly method?: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** The CAs that are trusted, as PEM; for https only. */
  readonly ca: readonly string[];
  readonly signal: AbortSignal;
}

/** A response of a server. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** The maximum size of a response, in bytes. */
const LONGEST = 16 * 1024 * 1024;

/**
 * Sends a request. Follows no redirect, because the request may have credentials. Does not use `fetch`, which does not
 * accept a separate CA.
 */
export function send(url: string, { method = "GET", headers, body, ca, signal }: Request): Promise<Answer> {
  return new Promise((done, fail) => {
    const options = { method, headers: { ...headers, ...lengthOf(body) }, signal, agent: false } as const;
    const request = url.startsWith("https:")
      ? requestSecure(url, { ...options, ca: [...ca] })
      : requestPlain(url, options);
    request.on("error", fail);
    request.on("response", (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on("error", fail);
      response.on("data", (part: Buffer) => {
        size += part.length;
        if (size > LONGEST) response.destroy(new Error("its response is too long"));
        else parts.push(part);
      });
      response.on("end", () => done({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }));
    });
    request.end(body);
  });
}

function lengthOf(body: Buffer | undefined): Record<string, string> {
  return body === undefined ? {} : { "Content-Length": String(body.length) };
}

/** Files in which distributions keep the CAs of a machine. */
const SYSTEM = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/**
 * The CAs to trust for a server. If a file is given, only the CA in the file. Otherwise, the CA of the bucket, which
 * signs the certificates of its jobs, and the CAs of this machine, or those of Node if the machine has none. Throws if
 * a file cannot be read.
 */
export function trustedAuthorities(root: string, file: string | undefined): string[] {
  if (file !== undefined) return [readAuthority(resolve(root, file))];
  const { SSL_CERT_FILE: named } = process.env;
  const found = (named ? [named] : SYSTEM).find((path) => existsSync(path));
  const own = join(root, "secrets/ca.crt");
  return [...(existsSync(own) ? [readAuthority(own)] : []), ...(found ? [readAuthority(found)] : rootCertificates)];
}

function readAuthority(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new MaandError({ code: "HOOK_FAILED", message: `the CA ${path} cannot be read`, cause });
  }
}
