import { defineSettings, setting, type WrittenKeys } from "@maand/core";
import * as v from "valibot";

const days = v.pipe(
  v.number(),
  v.integer("must be a whole number of days"),
  v.minValue(0, "must not be negative"),
  v.maxValue(36_500, "must be at most 36500 days"),
);

const DEFAULT_TTL = 60;

/** Keys of `maand.conf` for the validity of certificates and the kind of their keys. */
export const CERTS_SETTINGS = defineSettings({
  entries: {
    certs_ttl: setting(
      v.pipe(
        days,
        v.transform((ttl) => ttl || DEFAULT_TTL),
      ),
      `Days that a certificate is valid; 0 means the default, ${DEFAULT_TTL}.`,
      DEFAULT_TTL,
    ),
    certs_renewal_buffer: setting(
      days,
      "A build renews certificates this many days before expiry; default 0, in the last quarter of the lifetime.",
      0,
    ),
    certs_key: setting(
      v.picklist(["rsa-2048", "rsa-4096", "ecdsa-p256"]),
      'Kind of new certificate keys; default "rsa-2048".',
      "rsa-2048",
    ),
    ca_key_command: setting(
      v.pipe(v.array(v.pipe(v.string(), v.nonEmpty("must not be empty"))), v.readonly()),
      "Program and arguments that print the private key of the CA; default: the key is in secrets/ca.key.",
      [],
    ),
  },
  check({ certs_ttl: ttl, certs_renewal_buffer: buffer }, refuse) {
    if (buffer >= ttl)
      refuse(
        "certs_renewal_buffer",
        `is not less than certs_ttl: ${buffer} of ${ttl} days`,
        "certificates would be renewed in every build; use a smaller value",
      );
  },
});

/** The values of {@link CERTS_SETTINGS}. */
export type CertsSettings = ReturnType<typeof CERTS_SETTINGS.from>;

declare module "@maand/core" {
  interface SettingsWritten extends WrittenKeys<typeof CERTS_SETTINGS> {}
}
