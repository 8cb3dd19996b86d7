/** `identify`: the host key a worker shows, and the bucket's word on it (decision 31). */
export interface HostKey {
  /** What it is pinned as: its address, and its port if that is not the usual one. */
  readonly name: string;
  /** `ssh-ed25519`, ... */
  readonly type: string;
  /** `SHA256:...`, as ssh-keygen shows it. */
  readonly fingerprint: string;
  /** Fingerprints of the keys pinned for it. */
  readonly pinned: readonly string[];
  /** Whether the key it shows is pinned, would be the first one, or is another one than those pinned. */
  readonly state: "pinned" | "new" | "changed";
  /** Pins it, in place of those pinned before. */
  trust(): Promise<void>;
}
