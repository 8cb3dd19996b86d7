import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Manifest, manifestIn, packagesIn, REPOSITORY } from "./installation.ts";

/** A package registry on this machine that has only the packages of this repository, as they would be published. */
export interface Registry {
  readonly url: string;
  close(): Promise<void>;
}

interface Packed {
  readonly name: string;
  readonly filename: string;
}

/** Packs the stock packages into a directory, and serves them to npm and pnpm. */
export async function startRegistry(directory: string): Promise<Registry> {
  const packed = await packInto(directory);
  const answers = new Map<string, () => string | Buffer>();
  const server = createServer(({ url = "/" }, response) => {
    const answer = answers.get(decodeURIComponent(url));
    if (answer === undefined) response.writeHead(404).end("{}");
    else response.end(answer());
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  for (const { name, filename } of packed) {
    const bytes = readFileSync(join(directory, filename));
    const path = `/${name}/-/${filename}`;
    answers.set(path, () => bytes);
    answers.set(`/${name}`, () => JSON.stringify(described(name, `${url}${path}`, bytes)));
  }
  return {
    url,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** What a registry answers for the name of a package. */
function described(name: string, tarball: string, bytes: Buffer) {
  const manifest: Manifest & { readonly version: string } = manifestOf(name);
  const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  return {
    name,
    "dist-tags": { latest: manifest.version },
    versions: { [manifest.version]: { ...manifest, dist: { tarball, integrity } } },
  };
}

function manifestOf(name: string): Manifest & { readonly version: string } {
  const directory = join(REPOSITORY, "packages", name.replace("@maand/", ""));
  return { version: "", ...manifestIn(directory) };
}

async function packInto(directory: string): Promise<readonly Packed[]> {
  mkdirSync(directory, { recursive: true });
  const chosen = packagesIn("packages").flatMap((name) => ["--workspace", name]);
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", directory, ...chosen];
  const { stdout } = await promisify(execFile)("npm", args, { cwd: REPOSITORY, maxBuffer: 2 ** 26 });
  return JSON.parse(stdout);
}
