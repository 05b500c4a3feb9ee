/** The variable by which a daemon is known, and every server that it started; its value is the daemon's key. */
export const DAEMON_MARK = "HOLDFAST_DAEMON";
