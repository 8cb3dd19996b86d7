/** Options of the ssh plugin; all have defaults that suit an OpenSSH server with default settings. */
export interface SshOptions {
  /** ssh client configuration to read; default `~/.ssh/config`, then `/etc/ssh/ssh_config`. */
  readonly configFile?: string;
  /** Socket of the ssh agent; default `SSH_AUTH_SOCK`. Empty means no agent. */
  readonly agent?: string;
  /** Maximum number of parallel commands over one connection; default 8, because sshd allows 10 (MaxSessions). */
  readonly channels?: number;
  /** Maximum number of parallel handshakes; default 32. */
  readonly handshakes?: number;
  /** Seconds between keepalive messages; a connection that does not respond to three in a row is closed. Default 15. */
  readonly keepaliveSeconds?: number;
}
