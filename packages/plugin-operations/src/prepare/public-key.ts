import { existsSync, readFileSync } from "node:fs";
import { MaandError } from "@maand/core";
import { followProcess, startProcess } from "@maand/core/internal";

/** The time limit of ssh-keygen, in milliseconds. */
const LIMIT_MS = 30_000;

/** Creates an ed25519 key without a passphrase, and its `.pub` file. */
export async function createKey(keyFile: string): Promise<void> {
  await keygen(["-q", "-t", "ed25519", "-N", "", "-C", "maand", "-f", keyFile], keyFile);
}

/** The public key of a private key file, `type base64`: from its `.pub` file, or else from the private key itself. */
export async function publicKeyOf(keyFile: string): Promise<string> {
  if (!existsSync(keyFile))
    throw new MaandError({
      code: "NOT_FOUND",
      message: `${keyFile} is missing`,
      hint: `create it: ssh-keygen -q -t ed25519 -N "" -f ${keyFile}`,
    });
  const text = existsSync(`${keyFile}.pub`)
    ? readFileSync(`${keyFile}.pub`, "utf8")
    : await keygen(["-y", "-P", "", "-f", keyFile], keyFile);
  const [type = "", base64 = ""] = text.trim().split(/\s+/);
  if (/^(ssh|ecdsa|sk)-[a-z0-9@.-]+$/.test(type) && /^[A-Za-z0-9+/]+=*$/.test(base64)) return `${type} ${base64}`;
  throw new MaandError({
    code: "NOT_FOUND",
    message: `${keyFile}.pub does not begin with a public key`,
    hint: `write it again: ssh-keygen -y -f ${keyFile} > ${keyFile}.pub`,
  });
}

async function keygen(args: readonly string[], keyFile: string): Promise<string> {
  const output = { stdout: "", stderr: "" };
  const started = await startProcess(["ssh-keygen", ...args], { endsWithUs: true });
  const { end } = await followProcess(started, {
    timeoutMs: LIMIT_MS,
    graceMs: 1_000,
    onOutput: (stream, chunk) => {
      output[stream] += Buffer.from(chunk).toString("utf8");
    },
  });
  if (end.code === 0) return output.stdout;
  throw new MaandError({
    code: "SYSTEM",
    message: `ssh-keygen failed for ${keyFile}: ${(end.failure ?? output.stderr.trim().split("\n").at(-1)) || `exit code ${end.code}`}`,
    hint: `write the public key next to it, as ${keyFile}.pub`,
  });
}
