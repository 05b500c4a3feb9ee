import { createInterface } from "node:readline/promises";
import type { ElicitRequestParams } from "@modelcontextprotocol/client";
import { visibleLine } from "../../internal.js";
import { Refused, UsageError } from "./exit.js";
import { say } from "./print.js";

interface Field {
  type?: string;
  title?: string;
  description?: string;
  default?: unknown;
  enum?: string[];
}

/** Asks the person at the terminal the questions of a server. Ctrl-D, or an empty answer to a required question, cancels. */
export async function elicitOnTerminal(
  params: ElicitRequestParams,
  { server, signal }: { server: string; signal: AbortSignal },
) {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const ask = (question: string) => terminal.question(visibleLine(question), { signal });
  try {
    // What it says further is indented: a line of its own would pass for one of ours.
    say(`\n${visibleLine(server)} asks: ${params.message.replace(/\n/g, "\n  ")}`);
    if (params.mode === "url") {
      const agreed = /^y/i.test(await ask(`Open ${params.url} yourself, then continue? [y/N] `));
      return { action: agreed ? "accept" : "decline" } as const;
    }
    const { properties = {}, required = [] } = params.requestedSchema as {
      properties?: Record<string, Field>;
      required?: string[];
    };
    const content: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(properties)) {
      const value = await askField(ask, name, field, required.includes(name));
      if (value === undefined && required.includes(name)) return { action: "cancel" } as const;
      if (value !== undefined) content[name] = value;
    }
    return { action: "accept", content } as const;
  } catch {
    return { action: "cancel" } as const;
  } finally {
    terminal.close();
  }
}

/** Asks a question that only `y` or `yes` agrees to; Ctrl-C and Ctrl-D do not. */
export async function agrees(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const stop = new AbortController();
  terminal.once("SIGINT", () => terminal.close());
  terminal.once("close", () => stop.abort());
  try {
    return /^y(es)?$/i.test((await terminal.question(visibleLine(question), { signal: stop.signal })).trim());
  } catch {
    return false;
  } finally {
    terminal.close();
  }
}

/**
 * Goes on only where the person at the terminal agrees. `nothing`: what is said where not, such as "nothing was written".
 * @throws UsageError where nobody can be asked
 * @throws Refused where the person says no
 */
export async function mustAgree(question: string, nothing: string): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new UsageError(`${nothing}: nobody can be asked here; in a script, say --yes`);
  if (await agrees(question)) return;
  say(nothing);
  throw new Refused(nothing);
}

async function askField(
  ask: (question: string) => Promise<string>,
  name: string,
  field: Field,
  required: boolean,
): Promise<unknown> {
  const hints = [
    field.enum?.join(" | "),
    field.type === "boolean" && "yes | no",
    !required && "optional",
    field.default !== undefined && `default ${field.default}`,
  ];
  const hint = hints.filter(Boolean).join(", ");
  for (;;) {
    const text = (await ask(`  ${field.title ?? name}${hint ? ` (${hint})` : ""}: `)).trim();
    if (text === "") return field.default;
    if (field.enum && !field.enum.includes(text)) say(`  one of: ${field.enum.join(", ")}`);
    else if (field.type === "boolean") return /^(y|yes|true|1)$/i.test(text);
    else if (field.type !== "number" && field.type !== "integer") return text;
    else if (Number.isFinite(Number(text))) return Number(text);
    else say("  a number, please");
  }
}
