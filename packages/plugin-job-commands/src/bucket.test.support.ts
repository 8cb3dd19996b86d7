import type { Allocation, ScopedJobContext } from "@maand/core";
import { aBucket, type TestBucket } from "@maand/core/testing";
import type { ApiAccess } from "./api/api.ts";
import type { Session } from "./api/session.ts";
import { CommandRuntime } from "./command-runtime.ts";

/** Jobs `api`, which depends on `db`, and `web`, which is independent of both, on two fake workers. */
export function lentBucket(): TestBucket & {
  readonly lend: (use: (context: ScopedJobContext) => Promise<void>) => Promise<void>;
} {
  let use: ((context: ScopedJobContext) => Promise<void>) | undefined;
  const lender = {
    name: "lender",
    apply(hooks: Parameters<TestBucket["fleet"]["plugin"]["apply"]>[0]) {
      hooks.beforeJob.tapPromise("lender", async (context) => {
        if (context.job.name === "api") await use?.(context);
      });
      hooks.login.tapPromise("lender", async ({ worker }) =>
        worker.host === "10.0.0.1" ? { user: "agent", port: 2222, keyFile: "/keys/worker.key", sudo: true } : undefined,
      );
    },
  };
  const bucket = aBucket({ plugins: [lender] });
  bucket.workers("10.0.0.1", "10.0.0.2");
  const selectors = ["worker"];
  bucket.job("db", { version: "1.0.0", selectors, commands: { command_seed: { executed_on: ["cli"] } } });
  bucket.job("web", { version: "1.0.0", selectors });
  bucket.job("api", {
    version: "1.0.0",
    selectors,
    commands: {
      command_wait: {
        executed_on: ["pre_deploy"],
        demands: { job: "db", command: "command_seed", config: { min_version: "1.0.0" } },
      },
    },
  });
  return {
    ...bucket,
    async lend(work) {
      use = work;
      await bucket.build();
      const { failures } = await bucket.deploy();
      use = undefined;
      if (failures.length > 0) throw new Error(failures.map(({ message }) => message).join("; "));
    },
  };
}

/** A session of a job's first allocation, unless another is given. */
export function sessionOf(
  runtime: CommandRuntime,
  context: ScopedJobContext,
  { allocation = context.allocations[0], ...more }: Partial<Session> & { readonly allocation?: Allocation } = {},
): Session {
  if (!allocation) throw new Error("the job has no allocation");
  const scope = context.scope(allocation);
  const { semaphores } = runtime;
  return { context, scope, kv: scope.openKv(), event: "pre_deploy", command: "command_wait", semaphores, ...more };
}

/** The response of the API. */
export interface Answered {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
  readonly json: unknown;
}

/** Calls the API like a process. */
export async function call(
  { port, token }: ApiAccess,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = { authorization: `Bearer ${token}` },
): Promise<Answered> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const type = response.headers.get("content-type");
  return { status: response.status, type, text, json: type === "application/json" ? JSON.parse(text) : undefined };
}

export { CommandRuntime };
