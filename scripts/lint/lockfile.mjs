// What a lockfile may not hold: packages that run a script when they are installed, and packages that nobody can check.

/** Packages that may run a script at their installation, and why they are here. */
export const KNOWN_SCRIPTS = {
  tldjs: "of fastmcp, which the tests drive; it downloads nothing unless it is told to",
};

/** What is wrong with a lockfile, a sentence each. */
export function problemsOf({ lockfileVersion, packages }) {
  if (lockfileVersion !== 3 || !packages) return ["no lockfile of version 3"];
  return Object.entries(packages).flatMap(([path, { hasInstallScript, integrity, resolved, link }]) => {
    const name = path.replace(/^.*node_modules\//, "");
    if (path === "" || link) return [];
    return [
      hasInstallScript && !Object.hasOwn(KNOWN_SCRIPTS, name)
        ? `${path} runs a script when it is installed: do without it, or say in scripts/lint/lockfile.mjs why it may`
        : undefined,
      integrity ? undefined : `${path} has no integrity: nobody can tell whether it was replaced`,
      resolved && !/^https:\/\/registry\.npmjs\.org\//.test(resolved)
        ? `${path} comes from elsewhere: ${resolved}`
        : undefined,
    ].filter((problem) => problem !== undefined);
  });
}
