import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { basename, join } from "node:path";
import { type Manifest, manifestIn, packagesIn, REPOSITORY } from "./installation.ts";
import { tarballs } from "./packed-once.ts";

/** A package registry on this machine that contains only the packages of this repository, as for publishing. */
export interface Registry {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a registry for npm and pnpm. */
export async function startRegistry(): Promise<Registry> {
  const stock = packagesIn("packages");
  const packed = [...tarballs()].filter(([name]) => stock.includes(name));
  const answers = new Map<string, () => string | Buffer>();
  const server = createServer(({ url = "/" }, response) => {
    const answer = answers.get(decodeURIComponent(url));
    if (answer === undefined) response.writeHead(404).end("{}");
    else response.end(answer());
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  for (const [name, file] of packed) {
    const bytes = readFileSync(file);
    const path = `/${name}/-/${basename(file)}`;
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

/** The response of a registry for the name of a package. */
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
