import { connect } from "node:net";

const ANSWER_MS = 2_000;
const REQUEST_IDENTITIES = Buffer.from([0, 0, 0, 1, 11]);
const IDENTITIES_ANSWER = 12;

/**
 * Types of the keys in an ssh agent: `ssh-ed25519`, or one that ssh2 ignores, such as
 * `ssh-ed25519-cert-v01@openssh.com` and `sk-ssh-ed25519@openssh.com`. Empty if the agent does not respond.
 */
export function agentKeyTypes(socket: string): Promise<string[]> {
  return new Promise((resolve) => {
    let answer = Buffer.alloc(0);
    const settle = (types: string[]) => {
      stream.destroy();
      resolve(types);
    };
    const stream = connect(socket, () => stream.write(REQUEST_IDENTITIES))
      .setTimeout(ANSWER_MS, () => settle([]))
      .on("error", () => settle([]))
      .on("end", () => settle([]))
      .on("data", (chunk) => {
        answer = Buffer.concat([answer, chunk]);
        if (answer.length >= 4 && answer.length >= 4 + answer.readUInt32BE(0)) settle(typesIn(answer.subarray(4)));
      });
  });
}

/** `byte type, uint32 count`, and for each key `string blob, string comment`. */
function typesIn(answer: Buffer): string[] {
  if (answer[0] !== IDENTITIES_ANSWER) return [];
  const types: string[] = [];
  for (let at = 5; at + 4 <= answer.length; ) {
    const blob = stringAt(answer, at);
    types.push(stringAt(blob, 0).toString("ascii"));
    const comment = at + 4 + blob.length;
    at = comment + 4 + stringAt(answer, comment).length;
  }
  return types;
}

function stringAt(bytes: Buffer, at: number): Buffer {
  if (at + 4 > bytes.length) return Buffer.alloc(0);
  return bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at));
}
