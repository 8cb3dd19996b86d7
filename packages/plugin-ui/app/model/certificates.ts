import type { CertificatesAnswer } from "../../src/contract.ts";
import type { StateSign } from "./signs.ts";

type Certificate = CertificatesAnswer["certificates"][number];

/** The symbols for states of certificates, the most urgent first. */
export const LEFT: Readonly<Record<Certificate["status"], StateSign>> = {
  expired: { sign: "✗", level: "bad", text: "expired" },
  invalid: { sign: "?", level: "bad", text: "cannot be read" },
  not_yet_valid: { sign: "◔", level: "warn", text: "not yet valid" },
  expiring: { sign: "!", level: "warn", text: "expires soon" },
  ok: { sign: "✓", level: "ok", text: "valid" },
};

/** The certificates sorted by urgency, and then by their end. */
export function ended(certificates: readonly Certificate[]): readonly Certificate[] {
  const order = Object.keys(LEFT);
  const days = ({ days_left }: Certificate) => days_left ?? Number.NEGATIVE_INFINITY;
  return certificates.toSorted(
    (one, other) => order.indexOf(one.status) - order.indexOf(other.status) || days(one) - days(other),
  );
}
