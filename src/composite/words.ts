/** Everything that some program shows as the end of a line. */
const LINE_END = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/;

/**
 * What servers say of themselves, each under its name. Every line of theirs is quoted, so none can speak as another or
 * as us.
 */
export function joinInstructions(all: readonly { name: string; said: string }[]): string | undefined {
  const parts = all.map(({ name, said }) => {
    const lines = said.split(LINE_END).map((line) => `> ${line}`.trimEnd());
    return `# ${name}\n\n${lines.join("\n")}`;
  });
  return parts.length > 0 ? parts.join("\n\n") : undefined;
}

/** The logger of a server's message: up to the first `/` it is the server's name, whatever the server calls its own. */
export function loggerOf(server: string, own: unknown): string {
  const name = server.replace(/[%/]/g, encodeURIComponent);
  return typeof own === "string" && own !== "" ? `${name}/${own.split(LINE_END).join(" ")}` : name;
}
