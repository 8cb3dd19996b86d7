import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Failing, failing, LIMIT_MS } from "./failing.ts";
import type { Posted } from "./settings.ts";

/** Posts JSON to the URL of an entry. */
export async function post(
  target: Posted,
  body: object,
  bucketRoot: string,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const fail = failing(target.to);
  const url = addressOf(target, bucketRoot, environment, fail);
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "user-agent": "maand" },
    body: JSON.stringify(body),
    redirect: "error",
    signal: AbortSignal.timeout(LIMIT_MS),
  }).catch((cause: unknown) => {
    const isLate = cause instanceof Error && cause.name === "TimeoutError";
    throw fail(isLate ? `${url.host} did not respond within ${LIMIT_MS / 1000} s` : `${url.host} cannot be reached`);
  });
  await answer.body?.cancel();
  if (!answer.ok) throw fail(`${url.host} responded with ${answer.status}`);
}

/** The URL of a target. Only its host is ever printed, because the rest is a secret in most cases. */
function addressOf(target: Posted, bucketRoot: string, environment: NodeJS.ProcessEnv, fail: Failing): URL {
  const { text, where } = written(target, bucketRoot, environment, fail);
  const address = text.trim();
  if (/^https?:\/\/\S+$/.test(address) && URL.canParse(address)) return new URL(address);
  throw fail(address === "" ? `${where} is empty or not set` : `${where} does not contain a URL`);
}

function written(
  { url = "", url_env: variable, url_file: file }: Posted,
  bucketRoot: string,
  environment: NodeJS.ProcessEnv,
  fail: Failing,
): { readonly text: string; readonly where: string } {
  if (variable !== undefined) return { text: environment[variable] ?? "", where: variable };
  if (file !== undefined) return { text: read(bucketRoot, file, fail), where: `secrets/${file}` };
  return { text: url, where: "url" };
}

function read(bucketRoot: string, file: string, fail: Failing): string {
  try {
    return readFileSync(join(bucketRoot, "secrets", file), "utf8");
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : "";
    throw fail(code === "ENOENT" ? `there is no file secrets/${file}` : `secrets/${file} cannot be read: ${code}`);
  }
}
