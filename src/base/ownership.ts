import type { Stats } from "node:fs";

/** The user that this program runs as. Windows has none: there, access is a matter of lists that Node does not read. */
interface User {
  uid: number;
  gid: number;
}

function thisUser(): User | undefined {
  const [uid, gid] = [process.geteuid?.(), process.getegid?.()];
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

/**
 * Why somebody else may have written a file or folder, and what to do about it. Undefined: only this user can have, or root.
 * A group that is the user's own counts as the user: with many systems each user has one, which may write by default.
 */
export function writableByOthers(path: string, stat: Stats, user = thisUser()): string | undefined {
  if (!user) return undefined;
  const owner = anothers(path, stat, user);
  if (owner) return owner;
  const group = stat.gid !== user.gid && (stat.mode & 0o020) !== 0;
  if (group || (stat.mode & 0o002) !== 0)
    return `others may write to it (mode ${(stat.mode & 0o777).toString(8)}); to change that: chmod go-w ${quoted(path)}`;
  return undefined;
}

/** Why somebody else may have read or written a file, and what to do about it. Undefined: only this user can have, or root. */
export function openToOthers(path: string, stat: Stats, user = thisUser()): string | undefined {
  if (!user) return undefined;
  const mode = stat.mode & 0o777;
  return (
    anothers(path, stat, user) ??
    ((mode & 0o077) === 0
      ? undefined
      : `others may read it (mode ${mode.toString(8)}); to change that: chmod 600 ${quoted(path)}`)
  );
}

const anothers = (path: string, { uid }: Stats, user: User) =>
  uid === user.uid || uid === 0
    ? undefined
    : `it belongs to another user (uid ${uid}); if it should be yours: chown ${user.uid} ${quoted(path)}`;

/** A path for a shell. */
export const quoted = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
