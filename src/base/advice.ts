/** Joins a message, the advice on what to do (`hint`), and the server's last output (`appendix`, on a line of its own). */
export function formatMessage(
  message: string,
  { hint, appendix }: { hint?: string; appendix?: string },
): string {
  const advice = hint ? ` ${sentence(hint)}` : "";
  return `${advice ? sentence(message) : message}${advice}${appendix ? `\n${appendix}` : ""}`;
}

function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}
