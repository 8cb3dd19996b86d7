import { type Adapter, WrongOutput } from "../adapter.ts";
import { memberOf, parseOutput, textOrMember } from "../json.ts";

/** AWS Secrets Manager, through `aws`. */
export const aws: Adapter = {
  syntax: "secret://aws/<name or ARN>, with #<key> for a key of a JSON secret",
  install: "install the AWS command-line interface",
  access: "log in: aws sso login, or set AWS_PROFILE and AWS_REGION",
  env: { AWS_PAGER: "" },
  locate: ({ path, field = "" }) => ({
    argv: ["aws", "secretsmanager", "get-secret-value", "--secret-id", path.join("/"), "--output", "json"],
    field,
  }),
  value(output, field) {
    const json = parseOutput(output);
    const text = memberOf(json, "SecretString");
    if (typeof text === "string") return textOrMember(text, field);
    if (memberOf(json, "SecretBinary") !== undefined) throw new WrongOutput("it is binary, not text");
    return undefined;
  },
};
