export const KNOWN_SCRIPTS: Readonly<Record<string, string>>;
export function problemsOf(lockfile: unknown): string[];
