import { defineClaim } from "@maand/core";
import * as v from "valibot";

/** The shape of `certs` in a manifest; `validate` checks the names in it. */
const record = v.custom<Record<string, unknown>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "must be an object",
);

const SUBJECT = {
  common_name: v.optional(
    v.pipe(v.string("must be text in quotes"), v.description("the common name; default: the job's name")),
  ),
  alt_names: v.optional(
    v.pipe(
      v.array(v.string("must be text in quotes"), "must be a list of strings"),
      v.description("DNS names and addresses that it is valid for, in addition to 127.0.0.1, localhost and the worker"),
    ),
  ),
};

const CERT = {
  pkcs8: v.optional(
    v.pipe(v.boolean("must be true or false"), v.description("write the key as PKCS#8; default false")),
  ),
  one: v.optional(
    v.pipe(
      v.boolean("must be true or false"),
      v.description("one certificate for all workers; default: one per worker"),
    ),
  ),
  subject: v.optional(v.pipe(record, v.looseObject(SUBJECT))),
};

const DESCRIPTION = "Certificates of the job, by name: certs/<name>.crt and certs/<name>.key on its workers.";

/** `certs` of a manifest. */
export const CERTS = defineClaim("certs", {
  description: DESCRIPTION,
  schema: v.pipe(record, v.record(v.string(), v.pipe(record, v.looseObject(CERT))), v.description(DESCRIPTION)),
});

/** One entry of `certs` as written. */
export type WrittenCert = v.InferOutput<typeof CERTS.schema>[string];

/** The known keys of each part, for suggestions. */
export const KNOWN_KEYS = { cert: Object.keys(CERT), subject: Object.keys(SUBJECT) } as const;
