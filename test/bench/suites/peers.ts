import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Fleet } from "../../support/fleet/index.ts";
import { measure } from "../process.ts";
import { type Contender, costOf } from "../suite.ts";
import { ansiblePeers } from "./ansible.ts";
import { type Peer, PRINTED } from "./peer.ts";
import { type PeerFiles, writePeerFiles } from "./peer-files.ts";

/** Other programs on the workers of a fleet, and the programs that are skipped because they are not installed. */
export interface Peers {
  readonly contenders: readonly Contender[];
  /** A sentence for each missing program. */
  readonly skipped: readonly string[];
}

/** The programs to compare with. */
export interface PeerOptions {
  readonly baseline: string;
  readonly kinds: readonly Peer["kind"][];
  /** Whether to measure each program only once, without an uncounted first turn. */
  readonly once: boolean;
}

/** Seconds after which a peer is stopped. The result is then only a lower bound. */
const LONGEST_S = 150;
/** The exit code of `timeout` when it stopped a program. */
const STOPPED = 124;

/** The peers on this machine. Each runs as root, with one process for each worker. Ansible uses pipelining. */
export async function peersOn(fleet: Fleet, { baseline, kinds, once }: PeerOptions): Promise<Peers> {
  const files = writePeerFiles(fleet);
  const all = [...(await ansiblePeers(fleet, files)), parallelSsh(files), clustershell(files), ...openssh(files)];
  const peers = all.filter(({ kind }) => kinds.includes(kind));
  const found = peers.filter((peer) => isInstalled(nameOf(peer)));
  const missing = new Map(peers.filter((peer) => !found.includes(peer)).map((peer) => [peer.from, nameOf(peer)]));
  return {
    contenders: found.map((peer) => contenderOf(peer, fleet, { baseline, ...(once && { turns: 1 }) })),
    skipped: [...missing].map(([from, name]) => `${name} is not installed, so it is skipped (apt-get install ${from})`),
  };
}

function contenderOf(peer: Peer, fleet: Fleet, how: Pick<Contender, "baseline" | "turns">): Contender {
  const { name, argv, succeeded, check, turns } = peer;
  let note = "";
  return {
    ...{ name, ...(turns !== undefined && { turns }), ...how },
    get note() {
      return note;
    },
    async run() {
      const words = ["timeout", "--kill-after=5", String(LONGEST_S), ...argv()];
      const took = await measure(words, fleet.directory, "pipe");
      if (took.code === STOPPED) {
        note = `not done after ${LONGEST_S} s, and stopped`;
        return { ms: took.ms };
      }
      const { ms, cpuMs } = costOf(words, took, { pattern: succeeded, times: fleet.workers.length });
      await check?.();
      return { ms, cpuMs }; // otherwise the memory of timeout would be measured
    },
  };
}

const COMMAND = ["sudo", "-n", ...PRINTED.split(" ")];
const EACH_LINE = /^ran$/gm;

function parallelSsh({ hosts, count, sshConfig }: PeerFiles): Peer {
  const argv = ["parallel-ssh", "-h", hosts, "-p", String(count), "-t", "0", "-i", "-x", `-F ${sshConfig}`, ...COMMAND];
  return { name: "parallel-ssh", argv: () => argv, from: "pssh", succeeded: EACH_LINE, kind: "others" };
}

/** `-S`: the program fails if the command fails on a worker. */
function clustershell({ list, count, sshConfig }: PeerFiles): Peer {
  const argv = ["clush", "-S", "-N", "-w", list, "-f", String(count), "-o", `-F ${sshConfig}`, ...COMMAND];
  return { name: "clush", argv: () => argv, from: "clustershell", succeeded: EACH_LINE, kind: "others" };
}

/**
 * One ssh for each worker, with new connections and with connections that stay open. The first turn, which is not
 * counted, opens the connections that stay open.
 */
function openssh({ hosts, count, sshConfig }: PeerFiles): Peer[] {
  const each = ["xargs", "-a", hosts, "-P", String(count), "-I{}", "ssh", "-F", sshConfig];
  const control = ["-o", "ControlMaster=auto", "-o", "ControlPath=/tmp/maand-%C", "-o", "ControlPersist=60"];
  const of = (name: string, options: readonly string[]): Peer => ({
    ...{ name, from: "openssh-client", succeeded: EACH_LINE, kind: "others" },
    argv: () => [...each, ...options, "{}", ...COMMAND],
  });
  return [of("OpenSSH, one process each", []), of("OpenSSH, already connected (ControlMaster)", control)];
}

/** The program in a command line, without a leading `env` and its variables. */
function nameOf({ argv }: Peer): string {
  const [first = "", ...rest] = argv();
  return first === "env" ? (rest.find((word) => !word.includes("=")) ?? "") : first;
}

function isInstalled(name: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((place) => {
    try {
      accessSync(join(place, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
