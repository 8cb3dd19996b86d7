import ssh2 from "ssh2";

/** A new Ed25519 key for a server in this process. Of the keys that ssh2 generates, about one in 230 is malformed. */
export function newKey(): string {
  for (;;) {
    const { private: key } = ssh2.utils.generateKeyPairSync("ed25519");
    if (!(ssh2.utils.parseKey(key) instanceof Error)) return key;
  }
}
