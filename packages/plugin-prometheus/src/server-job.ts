import { defineClaim, type Job } from "@maand/core";
import * as v from "valibot";

/** The key `prometheus` in the manifest of a server job: how to connect to its server. */
export const SERVER_CLAIM = defineClaim("prometheus", {
  description:
    "How to connect to the Prometheus of this job: whether it uses TLS, and which CA signed its certificate.",
  schema: v.strictObject({
    scheme: v.optional(v.picklist(["http", "https"], 'must be "http" or "https"')),
    ca_file: v.optional(v.pipe(v.string("must be a path"), v.nonEmpty("must not be empty"))),
  }),
});

/** `http` or `https`. */
export function schemeOf(job: Pick<Job, "manifest">): "http" | "https" {
  return SERVER_CLAIM.of(job)?.scheme ?? "http";
}

/** The file with the CA of the server, as written; undefined for the CA of the bucket and the CAs of this machine. */
export function caFileOf(job: Pick<Job, "manifest">): string | undefined {
  return SERVER_CLAIM.of(job)?.ca_file;
}
