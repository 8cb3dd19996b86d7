/**
 * The library for job commands in TypeScript or JavaScript: `import { getKvValue } from "./maand"`.
 *
 * maand puts this file next to the command's script, and starts the script with the required environment variables. The
 * library needs only Node 20 or later, or Bun. `maand.py` is the same library for Python.
 *
 * The name of a function shows its result. `get...` and `find...` resolve to a value, and throw if they cannot. `request...`,
 * `put...`, `delete...`, `acquire...` and `release...` resolve to an {@link ApiResponse}, which is similar to the response
 * of `fetch`; its `raiseForStatus()` throws an {@link ApiError} after a refusal. `run...` resolves to a
 * {@link CompletedCommand}. If a write is refused and the script does not check its response, the script ends with exit
 * code 1. Times are in seconds.
 */
import { existsSync } from "node:fs";
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { dirname, join } from "node:path";

/** How long {@link acquireSemaphore} waits by default, including with a time of zero. */
export const SEMAPHORE_SECONDS = 600;

/** The maximum time that {@link acquireSemaphore} waits. */
export const LONGEST_SEMAPHORE_SECONDS = 3600;

/** How long maand may take to respond, in addition to a requested wait. */
const REQUEST_SECONDS = 30;

/** The base of all errors that this library throws. */
export class MaandError extends Error {
  override name = "MaandError";
}

/** maand refused a request, or failed to carry it out; `response` contains its answer. */
export class ApiError extends MaandError {
  override name = "ApiError";
  readonly response: ApiResponse;
  readonly statusCode: number;

  constructor(message: string, response: ApiResponse) {
    super(message);
    this.response = response;
    this.statusCode = response.statusCode;
  }
}

/** A value could not be read; `namespace` and `key` identify it. `statusCode` is 404 if it does not exist. */
export class KvError extends ApiError {
  override name = "KvError";
  readonly namespace: string;
  readonly key: string;

  constructor(message: string, response: ApiResponse, namespace: string, key: string) {
    super(message, response);
    this.namespace = namespace;
    this.key = key;
  }
}

/** A command on a worker ended with an exit code other than 0. */
export class CommandFailed extends MaandError {
  override name = "CommandFailed";
  readonly result: CompletedCommand;

  constructor(message: string, result: CompletedCommand) {
    super(message);
    this.result = result;
  }
}

/** A response from maand. */
export class ApiResponse {
  readonly #request: string;
  readonly #status: number;
  readonly #text: string;
  #unseen: boolean;

  constructor(description: string, status: number, text: string, mustBeSeen = false) {
    this.#request = description;
    this.#status = status;
    this.#text = text;
    this.#unseen = mustBeSeen && (status < 200 || status > 299);
  }

  /** The HTTP status: 200 after a success, 404 if the name does not exist, 400 if the request was refused. */
  get status(): number {
    this.#unseen = false;
    return this.#status;
  }

  /** The same as `status`. */
  get statusCode(): number {
    return this.status;
  }

  /** Whether the request succeeded. */
  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }

  /** The text of the response: JSON, nothing after a write, or a sentence with the reason for a refusal. */
  async text(): Promise<string> {
    this.#unseen = false;
    return this.#text;
  }

  /** The response, parsed as JSON. Throws {@link ApiError} if the request was refused. */
  async json<T = unknown>(): Promise<T> {
    this.raiseForStatus();
    return JSON.parse(this.#text);
  }

  /** Throws {@link ApiError} unless the request succeeded. */
  raiseForStatus(): void {
    if (!this.ok) throw new ApiError(this.refusal(), this);
  }

  /** The reason for a refusal, in one line. */
  refusal(): string {
    return `${this.#request}: ${this.#text.trim() || "refused"} (${this.#status})`;
  }

  /** Whether the request is a refused write whose response the script has not checked. */
  isUnseen(): boolean {
    return this.#unseen;
  }
}

/** A command that ended on a worker. */
export interface CompletedCommand {
  /** The command as requested. */
  readonly args: string;
  readonly returncode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command of another job that demands this command. */
export interface CommandDemand {
  readonly job: string;
  readonly command: string;
  readonly demand_config: Readonly<Record<string, unknown>>;
}

/** The holders of a semaphore, as ids of allocations, and the number of requests that wait for it. */
export interface SemaphoreStatus {
  readonly name: string;
  readonly capacity: number;
  readonly holders: readonly string[];
  readonly waiting: number;
  readonly available: number;
}

// The context of the script

/** The id of the allocation for which the script runs. It never changes for this job on this worker. */
export function allocationId(): string {
  return environment("ALLOCATION_ID");
}

/** The host of the allocation's worker, as in `workers.json`. */
export function allocationIp(): string {
  return environment("ALLOCATION_IP");
}

/**
 * The allocation's index among those of its job: 0, 1, 2, ... Throws if the allocation is being removed and has none.
 */
export function allocationIndex(): number {
  return Number(environment("ALLOCATION_INDEX"));
}

/** The job that the script belongs to. */
export function jobName(): string {
  return environment("JOB");
}

/** The event at which the script runs, such as `pre_deploy`. */
export function commandEvent(): string {
  return environment("EVENT");
}

/** The name of the command, `command_...`. */
export function commandName(): string {
  return environment("COMMAND");
}

/** Whether the allocation is disabled. */
export function isAllocationDisabled(): boolean {
  return process.env.DISABLED === "1";
}

// Values

/** Returns a value. Throws {@link KvError}, which names namespace and key, if it does not exist or cannot be read. */
export async function getKvValue(namespace: string, key: string): Promise<string> {
  const value = await findKvValue(namespace, key);
  if (value !== undefined) return value;
  const response = new ApiResponse(`read ${namespace} ${key}`, 404, "there is no such key");
  throw new KvError(response.refusal(), response, namespace, key);
}

/** Returns a value, or undefined if it does not exist. Throws {@link KvError} if the job may not read it. */
export async function findKvValue(namespace: string, key: string): Promise<string | undefined> {
  const response = await requestValue(namespace, key);
  if (response.ok) return (await response.json<{ readonly value: string }>()).value;
  if (response.status === 404) return undefined;
  throw new KvError(response.refusal(), response, namespace, key);
}

/** Returns the sorted keys of the job's variables. Throws {@link ApiError}. */
export async function getJobVariableKeys(): Promise<string[]> {
  return keysOf(`vars/job/${jobName()}`);
}

/** Returns the sorted keys of the job's secrets. Throws {@link ApiError}. */
export async function getJobSecretKeys(): Promise<string[]> {
  return keysOf(`secrets/job/${jobName()}`);
}

/** Reads the `value` in the JSON. The status is 404 if it does not exist, 400 if the job may not read it. */
export function requestValue(namespace: string, key: string): Promise<ApiResponse> {
  return callApi("GET", "/kv", `read ${namespace} ${key}`, { query: { namespace, key } });
}

/** Writes a variable of the job, without blanks around its value. maand stores it if the script succeeds. */
export async function putJobVariable(key: string, value: string): Promise<ApiResponse> {
  return put("/kv", `vars/job/${jobName()}`, key, value);
}

/** Deletes a variable of the job. The status is 404 if it does not exist. */
export async function deleteJobVariable(key: string): Promise<ApiResponse> {
  return remove("/kv", `vars/job/${jobName()}`, key);
}

/** Writes a secret of the job, exactly as given. maand encrypts it, and masks it in all output. */
export async function putJobSecret(key: string, value: string): Promise<ApiResponse> {
  return put("/kv/secret", `secrets/job/${jobName()}`, key, value);
}

/** Deletes a secret of the job. The status is 404 if it does not exist. */
export async function deleteJobSecret(key: string): Promise<ApiResponse> {
  return remove("/kv/secret", `secrets/job/${jobName()}`, key);
}

/** Requests the keys of the job's variables, secrets, or both: `namespaces` in the JSON, by namespace. */
export function requestJobKeys(namespace?: string): Promise<ApiResponse> {
  return callApi("GET", "/kv/keys", "list keys", { query: namespace === undefined ? {} : { namespace } });
}

/** Sets the order of upgrades: all workers of the job, as a list or with commas. Works in `pre_deploy`. */
export async function putRolloutOrder(workers: string | readonly string[]): Promise<ApiResponse> {
  const order = typeof workers === "string" ? workers : workers.join(",");
  return put("/kv", `maand/job/${jobName()}`, "rollout_order", order);
}

/** Returns the current order as a list of workers. Throws {@link KvError} if it cannot be read. */
export async function getRolloutOrder(): Promise<string[]> {
  const order = await getKvValue(`maand/job/${jobName()}`, "rollout_order");
  return order
    .split(",")
    .map((worker) => worker.trim())
    .filter((worker) => worker !== "");
}

/** Returns the demands for this command. Throws {@link ApiError}. */
export async function getCommandDemands(): Promise<CommandDemand[]> {
  return (await requestCommandDemands()).json();
}

/** Requests the demands for this command: the JSON is a list of {@link CommandDemand}. */
export function requestCommandDemands(): Promise<ApiResponse> {
  return callApi("GET", "/demands", "list demands");
}

// Semaphores

/**
 * Waits until fewer than `capacity` scripts of this job and event hold the semaphore, and then acquires it.
 *
 * The status is 408 if the wait times out, and 409 if the other scripts use another capacity. Check the status, or call
 * `raiseForStatus()`; otherwise the script fails at its end. The semaphore is released when the script ends in any way.
 */
export function acquireSemaphore(name: string, capacity = 1, timeoutSeconds = SEMAPHORE_SECONDS): Promise<ApiResponse> {
  const waited = Math.min(timeoutSeconds > 0 ? timeoutSeconds : SEMAPHORE_SECONDS, LONGEST_SEMAPHORE_SECONDS);
  const body = { name, capacity, timeout_seconds: timeoutSeconds };
  return callApi("POST", "/semaphore/acquire", `acquire ${name}`, { body, seconds: waited + REQUEST_SECONDS });
}

/** Releases a semaphore. The status is 409 if the script does not hold it. */
export function releaseSemaphore(name: string): Promise<ApiResponse> {
  return callApi("POST", "/semaphore/release", `release ${name}`, { body: { name } });
}

/** Returns the holders of a semaphore. Throws {@link ApiError}. */
export async function getSemaphoreStatus(name: string): Promise<SemaphoreStatus> {
  return (await requestSemaphoreStatus(name)).json();
}

/** Requests the status of a semaphore: the JSON is a {@link SemaphoreStatus}. */
export function requestSemaphoreStatus(name: string): Promise<ApiResponse> {
  return callApi("GET", "/semaphore/status", `status of ${name}`, { query: { name } });
}

/** Holds a semaphore while `work` runs, and releases it even if `work` throws; resolves with the result of `work`. */
export async function semaphore<T>(
  name: string,
  work: () => T | Promise<T>,
  capacity = 1,
  timeoutSeconds = SEMAPHORE_SECONDS,
): Promise<T> {
  (await acquireSemaphore(name, capacity, timeoutSeconds)).raiseForStatus();
  let result: T;
  try {
    result = await work();
  } catch (cause) {
    await releaseSemaphore(name)
      .then(({ ok }) => ok)
      .catch(() => undefined);
    throw cause;
  }
  (await releaseSemaphore(name)).raiseForStatus();
  return result;
}

// Workers

/** The options for a command on a worker; times are in seconds. */
export interface RunOptions {
  /** Default 300. */
  readonly timeout?: number;
  /** Whether to throw for an exit code other than 0. Default true. */
  readonly check?: boolean;
}

/**
 * Runs a command with bash on a worker of the bucket, as the user that runs Makefiles, over maand's connection.
 *
 * Each word of a list is quoted; a text is a command line for bash, which may be compound. Throws {@link CommandFailed} for
 * an exit code other than 0 unless `check` is false, and {@link ApiError} if the worker is unreachable (502), the command
 * times out (504), or the host is not a worker of the bucket.
 */
export function runSsh(
  workerIp: string,
  command: string | readonly string[],
  { timeout = 300, check = true, connectTimeout = 15 }: RunOptions & { readonly connectTimeout?: number } = {},
): Promise<CompletedCommand> {
  const line = typeof command === "string" ? command : command.map(quoted).join(" ");
  const body = { worker_ip: workerIp, command: line, timeout_seconds: timeout };
  return run("/worker/run", body, line, check, timeout + connectTimeout);
}

/**
 * Runs a target of a job's Makefile as a deploy would; by default of this job, on this allocation's worker. Throws
 * the same errors as {@link runSsh}.
 */
export async function runRunnerTarget(
  target: string,
  options: RunOptions & { readonly workerIp?: string; readonly job?: string } = {},
): Promise<CompletedCommand> {
  const { workerIp = allocationIp(), job = jobName(), timeout = 300, check = true } = options;
  const body = { worker_ip: workerIp, job, target, timeout_seconds: timeout };
  return run("/worker/target", body, `${job} ${target}`, check, timeout);
}

/** Returns the bucket's directory on this machine: the current one, or one above it, with `maand.conf`. */
export function findBucketRoot(): string {
  let place: string | undefined;
  for (let above = process.cwd(); above !== place; above = dirname(place)) {
    place = above;
    if (existsSync(join(place, "maand.conf"))) return place;
  }
  throw new MaandError("no maand.conf here or in any directory above: this is not inside a bucket");
}

/** Returns maand's login to workers, for other tools; {@link runSsh} does not need it. */
export async function loadSsh(): Promise<{ user: string; keyPath: string; useSudo: boolean }> {
  const response = await callApi("GET", "/connection", "read the connection");
  const answer = await response.json<{ user: string; key_path: string; use_sudo: boolean }>();
  return { user: answer.user, keyPath: answer.key_path, useSudo: answer.use_sudo };
}

// Aliases

export {
  allocationId as getAllocationId,
  allocationIndex as getAllocationIndex,
  allocationIp as getAllocationIp,
  commandEvent as getEvent,
  commandName as getCommand,
  getRolloutOrder as getDeployOrder,
  jobName as getJob,
  putJobSecret as kvPutSecret,
  putJobVariable as kvPut,
  putRolloutOrder as putDeployOrder,
  requestCommandDemands as getDemands,
  requestCommandDemands as listCommandDemands,
  requestJobKeys as listJobKeys,
  requestSemaphoreStatus as semaphoreStatus,
  requestValue as getStoreValue,
  requestValue as kvGet,
  runRunnerTarget as runMakeTarget,
};

// Internal functions

const writes: ApiResponse[] = [];

function environment(name: string): string {
  const value = process.env[name] ?? "";
  if (value === "")
    throw new MaandError(`${name} is not in the environment: this library works in scripts that maand runs`);
  return value;
}

function put(path: string, namespace: string, key: string, value: string): Promise<ApiResponse> {
  return callApi("PUT", path, `write ${namespace} ${key}`, { body: { namespace, key, value } });
}

function remove(path: string, namespace: string, key: string): Promise<ApiResponse> {
  return callApi("DELETE", path, `delete ${namespace} ${key}`, { body: { namespace, key } });
}

async function keysOf(namespace: string): Promise<string[]> {
  const { namespaces } = await (await requestJobKeys(namespace)).json<{ namespaces: Record<string, string[]> }>();
  return (namespaces[namespace] ?? []).sort();
}

/** Quotes a word like Python's shlex.quote. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}

async function run(
  path: string,
  body: { readonly worker_ip: string },
  command: string,
  check: boolean,
  seconds: number,
): Promise<CompletedCommand> {
  const description = `${command} on ${body.worker_ip}`;
  const response = await callApi("POST", path, description, { body, seconds: seconds + REQUEST_SECONDS });
  const answer = await response.json<{ exit: number; stdout: string; stderr: string }>();
  const result = { args: command, returncode: answer.exit, stdout: answer.stdout, stderr: answer.stderr };
  if (check && result.returncode !== 0) {
    const last = (result.stderr.trim() || result.stdout.trim()).split("\n").at(-1);
    throw new CommandFailed(`${description}: exit code ${result.returncode}${last ? ": " : ""}${last}`, result);
  }
  return result;
}

interface Question {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly seconds?: number;
}

/** Sends one request directly to maand on this machine. A separate agent ignores a proxy in the environment. */
async function callApi(
  method: string,
  path: string,
  description: string,
  question: Question = {},
): Promise<ApiResponse> {
  const { query = {}, body, seconds = REQUEST_SECONDS } = question;
  const search = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const wanted = {
    agent: new Agent(),
    host: environment("JOB_COMMAND_API_HOST"),
    port: Number(environment("JOB_COMMAND_API_PORT")),
    method,
    path: search.length === 0 ? path : `${path}?${search.join("&")}`,
    signal: AbortSignal.timeout(seconds * 1000),
    headers: {
      Authorization: `Bearer ${environment("JOB_COMMAND_API_TOKEN")}`,
      "X-ALLOCATION-ID": allocationId(),
      EVENT: commandEvent(),
      COMMAND: commandName(),
      ...(sent === undefined ? {} : { "Content-Type": "application/json", "Content-Length": sent.byteLength }),
    },
  };
  try {
    const [status, text] = await answered(wanted, sent);
    const isWrite = method !== "GET" && /^\/(kv|semaphore)/.test(path);
    const write = isWrite && !(method === "DELETE" && status === 404);
    const response = new ApiResponse(description, status, text, write);
    if (response.isUnseen()) keep(response);
    return response;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    if (wanted.signal.aborted)
      throw new MaandError(`${description}: maand did not answer within ${seconds} seconds`, { cause });
    throw new MaandError(`${description}: maand cannot be reached; its run may have ended (${why})`, { cause });
  }
}

function answered(wanted: Parameters<typeof httpRequest>[1], sent: Buffer | undefined): Promise<[number, string]> {
  return new Promise((resolve, reject) => {
    const sending = httpRequest(wanted, (answer: IncomingMessage) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => {
        text += part;
      });
      answer.once("error", reject);
      answer.once("end", () => resolve([answer.statusCode ?? 0, text]));
    });
    sending.once("error", reject);
    sending.end(sent);
  });
}

/** Fails the script at its end if it never checked this response. */
function keep(response: ApiResponse): void {
  if (writes.length === 0) process.once("exit", endUnseen);
  writes.push(response);
}

function endUnseen(): void {
  for (const response of writes.filter((write) => write.isUnseen())) {
    process.stderr.write(`maand: ${response.refusal()}; the script did not check the response\n`);
    process.exitCode ||= 1;
  }
}
