import { EXPORT_NAME } from "../../src/contract.ts";
import { RequestError } from "./request-error.ts";

/** The source of everything that the page shows: the server, or the files of an export. */
export interface Source {
  /** Whether the data can change. */
  readonly live: boolean;
  /** Reads the response for a path under `/api/`, such as `jobs/api`. Throws a RequestError. */
  get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T>;
}

/** Parameters of a request; empty parameters are omitted. */
export type Query = Readonly<Record<string, string | number | undefined>>;

/** The source of this page: an export names itself in its head. */
export function sourceOf(page: Document): Source {
  return page.querySelector("meta[name=maand-export]") ? exportSource(page) : { live: true, get };
}

async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const response = await send(`./api/${encoded(path)}${queryText(query)}`, { signal: signal ?? null });
  return await response.json();
}

/** Sends a request. Throws a RequestError for a refusal, and if there is no server. */
export async function send(url: string, request: RequestInit): Promise<Response> {
  const response = await fetch(url, { cache: "no-store", credentials: "same-origin", ...request }).catch(
    (error: unknown) => {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw new RequestError(0, "NO_SERVER", "the server of this web UI does not respond", "run maand ui again");
    },
  );
  if (!response.ok) throw await refusal(response);
  return response;
}

async function refusal(response: Response): Promise<RequestError> {
  const answer: unknown = await response.json().catch(() => undefined);
  const { code, message, hint } = (answer as { error?: Partial<RequestError> } | undefined)?.error ?? {};
  return new RequestError(
    response.status,
    code ?? `HTTP_${response.status}`,
    message ?? `the server responded with ${response.status} ${response.statusText}`.trim(),
    hint ?? null,
  );
}

/** A path with each of its parts encoded for a URL. */
function encoded(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function queryText(query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const params = new URLSearchParams(given.map(([key, value]) => [key, String(value)]));
  return given.length === 0 ? "" : `?${params}`;
}

/**
 * The responses of an export are scripts, because a browser does not let a page from `file:` load JSON. Each sets one
 * property.
 */
function exportSource(page: Document): Source {
  const pending = new Map<string, Promise<unknown>>();
  const load = (path: string) =>
    new Promise((resolve, reject) => {
      const script = page.createElement("script");
      script.src = `./data/${encoded(encoded(path))}.js`; // names of files are already encoded
      const missing = () =>
        reject(new RequestError(404, "NOT_EXPORTED", "this is not part of the export", "see it with maand ui"));
      script.onload = () => {
        const answers: Readonly<Record<string, unknown>> | undefined = Reflect.get(window, EXPORT_NAME);
        if (answers && Object.hasOwn(answers, path)) resolve(answers[path]);
        else missing();
      };
      script.onerror = missing;
      page.head.append(script);
    });
  return {
    live: false,
    async get<T>(path: string): Promise<T> {
      const known = pending.get(path) ?? load(path);
      pending.set(path, known);
      return (await known) as T;
    },
  };
}
