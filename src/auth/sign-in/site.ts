/** Whether two hosts belong to one site: they are one host, or both below a name that one owner registered. */
export async function isSameSite(a: string, b: string): Promise<boolean> {
  if (a === b) return true;
  // Loaded only here: its list of the names under which owners register is large.
  const { getDomain } = await import("tldts");
  const [one, other] = [a, b].map((host) => getDomain(host, { allowPrivateDomains: true }));
  return one !== null && one === other;
}
