import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { createSecureContext } from "node:tls";

/** Where Linux distributions keep the certificates they trust. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

let agent: Agent | undefined;

/**
 * Makes https connections to whom this machine trusts, `SSL_CERT_FILE` first, as curl and Go do; Node by itself trusts
 * only its own list, which holds where a machine has none. Made once: reading some 140 certificates takes a while.
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
      // the next one may be there
    }
  }
  return {};
}
