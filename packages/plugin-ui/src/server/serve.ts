import { rmSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Program } from "@maand/command";
import { type BucketPaths, loadRunRecords } from "@maand/core/readonly";
import type { Person } from "../access/access.ts";
import { hostHeaders, type ListenPlan } from "../access/listen-options.ts";
import { writeRedirect } from "../access/redirect-file.ts";
import { Sessions } from "../access/sessions.ts";
import type { TokenFile } from "../access/token-file.ts";
import { Actions } from "../act/actions.ts";
import { Checks } from "../act/checks.ts";
import type { Starter } from "../act/maand-process.ts";
import { Plans } from "../act/plans.ts";
import type { AppFiles } from "../app-files.ts";
import type { Verb } from "../contract.ts";
import { Wakes } from "../live/wakes.ts";
import { BucketWatch } from "../live/watch.ts";
import { Answers } from "../read/answers.ts";
import { BucketSource } from "../read/bucket-source.ts";
import { uiApp } from "./app.ts";
import { listen } from "./listen.ts";
import { routes } from "./routes.ts";

/** The options of the server. */
export interface UiOptions {
  readonly paths: BucketPaths;
  readonly version: string;
  readonly files: AppFiles;
  readonly at: ListenPlan;
  /** The verbs that the server allows; a token can allow fewer. */
  readonly allow: readonly Verb[];
  /** Undefined if only the user of this machine may log in, with a one-time code. */
  readonly tokens: TokenFile | undefined;
  readonly starter: Starter;
  readonly status: Program["status"];
  readonly now: () => Date;
  /** Reports an error that is not shown in a browser. */
  failed(cause: unknown): void;
  /** Reports a command that a person has started. */
  started(person: string, command: string): void;
}

/** A running server. */
export interface Ui {
  readonly port: number;
  /** The URL of the web UI, without a code. */
  readonly url: string;
  /** A URL that logs in a browser, once; undefined with tokens. */
  readonly openUrl: string | undefined;
  /**
   * A private file that logs in a browser. After each use, it is replaced for the next browser. Undefined with tokens.
   */
  readonly openFile: string | undefined;
  close(): Promise<void>;
}

/** The private directory of the web UI in a bucket. */
export function uiDirectory({ data }: Pick<BucketPaths, "data">): string {
  return join(data, "ui");
}

/** Starts to serve a bucket. */
export async function serveUi(options: UiOptions): Promise<Ui> {
  const { paths, at, tokens, starter, now, failed } = options;
  const directory = uiDirectory(paths);
  const { runRecords } = await loadRunRecords();
  const wakes = new Wakes(now);
  const records = runRecords(paths);
  const source = new BucketSource(paths, records !== undefined, () => now().getTime());
  const answers = new Answers({
    ...{ source, now, status: options.status },
    seq: () => wakes.seq,
    isFollowed: () => wakes.open > 0,
  });
  const watch = new BucketWatch({ source, wakes, answers, records, now: () => now().getTime(), failed });
  const plans = new Plans(join(directory, "plans"), starter);
  const listening = await listen(at);
  const { port } = listening;
  const endpoint = { secure: at.tls !== undefined, port, hosts: hostHeaders(at, port) };
  const sessions = new Sessions(() => now().getTime());
  const [host = ""] = endpoint.hosts;
  const url = `${at.tls ? "https" : "http"}://${host}/`;
  const login = tokens
    ? undefined
    : startLocalLogin({ sessions, url, file: join(directory, `open-${port}.html`), allow: options.allow });
  listening.answerWith(
    uiApp({
      ...{ endpoint, sessions, failed },
      files: options.files,
      routes: routes({
        ...{ source, wakes, watch, answers, plans, starter },
        version: options.version,
        checks: new Checks(starter, now, () => wakes.tell({ kind: "doctor" })),
        actions: new Actions({
          ...{ starter, now },
          directory: join(directory, "actions"),
          started: options.started,
          ended() {
            answers.expire();
            wakes.tell({ kind: "fleet" });
          },
        }),
      }),
      personOf: (token) => limited(tokens?.personOf(token), options.allow),
      now: (person) => limited(person.byToken ? tokens?.now(person) : person, options.allow),
      codeUsed: () => login?.renew(),
    }),
  );
  watch.start();
  return {
    port,
    url,
    openUrl: login?.url,
    openFile: login?.file,
    async close() {
      watch.close();
      wakes.close();
      source.close();
      if (login) rmSync(login.file, { force: true });
      await listening.close();
    },
  };
}

/** The verbs that both the server and the person's token allow. */
function limited(person: Person | undefined, allow: readonly Verb[]): Person | undefined {
  return person && { ...person, allow: person.allow.filter((verb) => allow.includes(verb)) };
}

interface LocalLoginOptions {
  readonly sessions: Sessions;
  readonly url: string;
  readonly file: string;
  readonly allow: readonly Verb[];
}

/** The login for the user of this machine: a one-time code, and a file with the next one. */
function startLocalLogin({ sessions, url, file, allow }: LocalLoginOptions) {
  const person = { name: userInfo().username, allow };
  const codeUrl = () => `${url}open?code=${sessions.newCode(person)}`;
  const renew = () => writeRedirect(file, codeUrl());
  renew();
  return { url: codeUrl(), file, renew };
}
