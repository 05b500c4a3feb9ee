/** How many are remembered. */
const LIMIT = 1_000;

/** Reports each message once, as far back as it remembers: lists are read often, and say the same each time. */
export function once(report: (message: string) => void): (message: string) => void {
  const seen = new Set<string>();
  return (message) => {
    if (seen.has(message)) return;
    seen.add(message);
    const [oldest] = seen;
    if (seen.size > LIMIT) seen.delete(oldest!);
    report(message);
  };
}
