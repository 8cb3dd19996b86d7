import { createRequire } from "node:module";
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
      v.array(v.string("must be text in quotes"), "must be a list of texts"),
      v.description("DNS names and addresses it holds for, besides 127.0.0.1, localhost and the worker"),
    ),
  ),
};

const CERT = {
  pkcs8: v.optional(
    v.pipe(v.boolean("must be true or false"), v.description("write the key as PKCS#8; default false")),
  ),
  one: v.optional(
    v.pipe(v.boolean("must be true or false"), v.description("one certificate for all workers; default: one for each")),
  ),
  subject: v.optional(v.pipe(record, v.looseObject(SUBJECT))),
};

export const CERTS_DESCRIPTION =
  "Certificates of the job, by name: certs/<name>.crt and certs/<name>.key on its workers.";

export const CertsSchema = v.pipe(
  record,
  v.record(v.string(), v.pipe(record, v.looseObject(CERT))),
  v.description(CERTS_DESCRIPTION),
);

/** One entry of `certs` as it is written. */
export type WrittenCert = v.InferOutput<typeof CertsSchema>[string];

/** Keys known in each part, for "did you mean". */
export const KNOWN_KEYS = { cert: Object.keys(CERT), subject: Object.keys(SUBJECT) } as const;

/** The same as JSON Schema; its converter is loaded on first use. */
export function certsJsonSchema(): Record<string, unknown> {
  const load: (name: string) => typeof import("@valibot/to-json-schema") = createRequire(import.meta.url);
  const { $schema: _, ...schema } = load("@valibot/to-json-schema").toJsonSchema(CertsSchema, { errorMode: "ignore" });
  return schema;
}
