/** Something that is broken, and how to mend it. */
export interface Finding {
  /** The config file. Undefined: it stands in none. */
  file?: string;
  server?: string;
  what: string;
  next: string;
}

/** A sentence of ours says what is wrong, and behind a semicolon what to do. */
export function findingOf(
  where: Omit<Finding, "what" | "next">,
  sentence: string,
  otherwise: string,
): Finding {
  const at = sentence.indexOf("; ");
  if (at < 0) return { ...where, what: sentence, next: otherwise };
  return { ...where, what: sentence.slice(0, at), next: sentence.slice(at + 2) };
}
