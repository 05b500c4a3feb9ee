import { fieldsOf } from "../base/fields.js";
import { Secrets } from "../base/redact.js";
import { inWords } from "./words.js";

/** Fields all of whose values may be secrets, whatever they are called. */
const GIVEN = /^(env|envs|environment|environmentvariables|headers|httpheaders|requestheaders)$/;

/** What in the servers of a config, as they are written there, must not be shown. */
export function secretsOf(entries: unknown): Secrets {
  const secrets = new Secrets();
  addAll(secrets, entries, "", false);
  return secrets;
}

function addAll(secrets: Secrets, value: unknown, name: string, given: boolean): void {
  if (typeof value === "string") {
    // Where a variable stands, it is shown which one.
    if (/^\$?\{[^}]*\}\}?$/.test(value)) return;
    if (given) secrets.addHeaders({ [name]: value });
    secrets.addNamed(name, value, { given });
    return;
  }
  if (Array.isArray(value)) {
    secrets.addArguments(value.filter((each) => typeof each === "string"));
    for (const each of value) addAll(secrets, each, name, given);
    return;
  }
  for (const [key, each] of Object.entries(fieldsOf(value)))
    addAll(secrets, each, key, given || GIVEN.test(inWords(key)));
}
