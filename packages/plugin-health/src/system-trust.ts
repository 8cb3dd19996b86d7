import { readFileSync } from "node:fs";
import { Agent } from "node:https";
import { createSecureContext, rootCertificates } from "node:tls";

/** The trusted certificates of Linux distributions. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

const agents = new Map<string, Agent>();

/**
 * Trusts the certificates that this machine trusts, with `SSL_CERT_FILE` first, like curl and Go; if there are none,
 * Node's own list applies. Also trusts the CA of the bucket, in PEM, which issues the certificates of its jobs.
 * The result is cached for each CA, because parsing about 140 certificates takes a while.
 */
export function systemTrust(authority = ""): Agent {
  const known = agents.get(authority);
  if (known) return known;
  const ca = [...(trusted(process.env) ?? rootCertificates), ...(authority === "" ? [] : [authority])];
  const agent = new Agent({ rejectUnauthorized: true, secureContext: createSecureContext({ ca }) });
  agents.set(authority, agent);
  return agent;
}

function trusted({ SSL_CERT_FILE }: NodeJS.ProcessEnv): readonly string[] | undefined {
  for (const file of [SSL_CERT_FILE, ...BUNDLES]) {
    try {
      if (file) return [readFileSync(file, "utf8")];
    } catch {
      // try the next file
    }
  }
  return undefined;
}
