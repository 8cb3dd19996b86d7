/** `identify`: the host key of a worker, and whether it is pinned. */
export interface HostKey {
  /** The name it is pinned under: the address, and the port if it is not 22. */
  readonly name: string;
  /** `ssh-ed25519`, ... */
  readonly type: string;
  /** `SHA256:...`, as ssh-keygen shows it. */
  readonly fingerprint: string;
  /** Fingerprints of the keys pinned for it. */
  readonly pinned: readonly string[];
  /** Whether the key is pinned, the first for this worker, or different from the pinned ones. */
  readonly state: "pinned" | "new" | "changed";
  /** Pins the key instead of those pinned before. */
  trust(): Promise<void>;
}
