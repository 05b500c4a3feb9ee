/** A message, what to do about it, and what the server had to say. */
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
