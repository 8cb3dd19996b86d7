import { type Adapter, WrongOutput } from "../adapter.ts";
import { memberOf, parseOutput, textOrMember } from "../json.ts";

/** Google Cloud Secret Manager, through `gcloud`. */
export const gcp: Adapter = {
  syntax:
    "secret://gcp/<project>/<secret>, or secret://gcp/<project>/<secret>/<version>, with #<key> for a key of a JSON secret",
  install: "install the gcloud command-line interface",
  access: "log in: gcloud auth login",
  locate({ path, field = "" }) {
    const [project, secret, version = "latest", ...more] = path;
    if (project === undefined || secret === undefined || more.length > 0) return undefined;
    const flags = ["--secret", secret, "--project", project, "--format", "json"];
    return { argv: ["gcloud", "secrets", "versions", "access", version, ...flags], field };
  },
  value(output, field) {
    const data = memberOf(parseOutput(output), "payload", "data");
    if (typeof data !== "string") return undefined;
    return textOrMember(decoded(data), field);
  },
};

/** The payload is base64 of the bytes, with the alphabet for URLs. */
function decoded(data: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(data, "base64"));
  } catch {
    throw new WrongOutput("it is binary, not text");
  }
}
