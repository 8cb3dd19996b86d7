import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { createSecureContext } from "node:tls";

/** The trusted certificates of Linux distributions. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

let agent: Agent | undefined;

/**
 * Trusts the certificates that this machine trusts, with `SSL_CERT_FILE` first, like curl and Go; if there are none,
 * Node's own list applies. Read once, because parsing about 140 certificates takes a while.
 */
export function systemTrust(): Agent {
  agent ??= new Agent({ rejectUnauthorized: true, secureContext: createSecureContext(trusted(process.env)) });
  return agent;
}

function trusted({ SSL_CERT_FILE }: NodeJS.ProcessEnv): { readonly ca?: string } {
  for (const file of [SSL_CERT_FILE, ...BUNDLES]) {
    try {
      if (file) return { ca: readFileSync(file, "utf8") };
    } catch {
      // try the next file
    }
  }
  return {};
}
