/** Options of the ssh plugin; all have defaults that suit an OpenSSH server as it comes. */
export interface SshOptions {
  /** ssh client configuration to read; default `~/.ssh/config`, then `/etc/ssh/ssh_config`. */
  readonly configFile?: string;
  /** Socket of the ssh agent; default `SSH_AUTH_SOCK`. Empty: no agent. */
  readonly agent?: string;
  /** Commands at once over one connection; default 8, since sshd allows 10 (MaxSessions). */
  readonly channels?: number;
  /** Handshakes at once; default 32. */
  readonly handshakes?: number;
  /** Seconds between keepalive messages; a connection that answers three in a row with silence is closed. Default 15. */
  readonly keepaliveSeconds?: number;
}
