import { rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { MAAND } from "../support/bucket/maand.ts";
import { type Scratch, scratch } from "../support/bucket/scratch.ts";
import { measure } from "./process.ts";
import { type Measured, tableOf } from "./table.ts";

const KINDS = ["rsa-2048", "ecdsa-p256"] as const;

/** Measures a build that creates a certificate for each of `count` workers, and a build in which all of them exist. */
export async function certs(count = 64): Promise<void> {
  const rows: Measured[] = [];
  for (const kind of KINDS) {
    const bucket = await scratch(`transport = "local"\ncerts_key = "${kind}"\n`);
    try {
      for (const file of ["ca.crt", "ca.key"]) rmSync(join(bucket.root, "secrets", file));
      rows.push(await timed(bucket, `${kind}: init, with a CA of 4096 bits`, "init"));
      bucket.workers(...Array.from({ length: count }, (_, at) => ({ host: `10.0.${at >> 8}.${at & 255}` })));
      bucket.job("api", { selectors: ["worker"] });
      rows.push(await timed(bucket, `${kind}: no certificate requested`));
      bucket.job("api", { selectors: ["worker"], certs: { web: {} } });
      rows.push(await timed(bucket, `${kind}: ${count} created`), await timed(bucket, `${kind}: all exist`));
    } finally {
      bucket.dispose();
    }
  }
  console.log(`${count} workers x 1 certificate on ${availableParallelism()} cores\n${tableOf(rows)}`);
}

async function timed(bucket: Scratch, name: string, command = "build"): Promise<Measured> {
  const { ms, mb, code, stderr } = await measure([process.execPath, MAAND, command], bucket.root);
  if (code !== 0) throw new Error(`${name} exited with ${code}:\n${stderr.slice(-2000)}`);
  return { name, ms: [ms], note: `${mb.toFixed(0)} MB` };
}
