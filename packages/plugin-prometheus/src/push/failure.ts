/** The reason why a request failed, as text. */
export interface Failure {
  readonly reason: string;
  /** Whether another attempt may succeed. */
  readonly again: boolean;
}

/** The failure for a refusal by the server. */
export function refusal(status: number, text: string): Failure {
  const again = status === 429 || status >= 500;
  const line = text.split("\n")[0]?.slice(0, 200) ?? "";
  const meaning = SECURE_ONLY.test(text) ? "it speaks TLS: set scheme to https in its manifest" : MEANINGS[status];
  return { reason: [`status ${status}`, meaning ?? line].filter((part) => part !== "").join(": "), again };
}

const SECURE_ONLY = /HTTP request to an HTTPS server/;

const MEANINGS: Readonly<Record<number, string>> = {
  401: "put admin_username and admin_password, or bearer_token, into the secrets of its job",
  403: "the user in the secrets of its job may not write",
  404: "start it with --web.enable-remote-write-receiver",
};

/** The failure of a request without a response. */
export function failureOf(cause: unknown): Failure {
  if (!(cause instanceof Error)) return { reason: String(cause), again: true };
  if (cause.name === "TimeoutError" || cause.name === "AbortError")
    return { reason: "no response in time", again: true };
  const code = "code" in cause ? String(cause.code) : "";
  const untrusted = UNTRUSTED[code];
  if (untrusted !== undefined) return { reason: untrusted, again: false };
  if (code === "EPROTO") return { reason: "it does not speak TLS: set scheme to http in its manifest", again: false };
  return { reason: code === "ECONNREFUSED" ? "the connection was refused" : cause.message || code, again: true };
}

const OTHER_CA = "its certificate is signed by a CA that is not trusted: name it as ca_file in its manifest";

/** Codes of OpenSSL and Node for certificates that are not accepted; another attempt would have the same result. */
const UNTRUSTED: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: OTHER_CA,
  DEPTH_ZERO_SELF_SIGNED_CERT: OTHER_CA,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: OTHER_CA,
  UNABLE_TO_GET_ISSUER_CERT: OTHER_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: OTHER_CA,
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is not valid for this address",
};
