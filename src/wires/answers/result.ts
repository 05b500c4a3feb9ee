import { fieldsOf } from "../../base/fields.js";
import { excerpt, isObject, shapeOf } from "./excerpt.js";
import { valueAt } from "./issues.js";
import { asMeant, itemAsMeant } from "./known.js";
import { type Mended, mend } from "./mend.js";
import { checkContent, type Shape, shapeOfAnswer } from "./shapes.js";

/** A result that the SDK's Client accepts, and what was lost on the way there. */
export interface ReadResult {
  result: object;
  warnings: string[];
  /** The result again, where it is that of a tool and has nothing that needs another look. */
  plain?: PlainCallResult;
}

/** Blocks of text, and whether they tell of an error. */
export interface PlainCallResult {
  content: { type: "text"; text: string }[];
  isError?: boolean;
}

type Fields = Record<string, unknown>;

/**
 * A result as it is meant, or the clause that says why there is no telling. `modern`: the request was one of the 2026-07-28
 * revision. What is in order is given back as it is.
 */
export function readResult(method: string, given: unknown, modern: boolean): ReadResult | string {
  if (method === "tools/call" && isUsualCallResult(given, modern)) {
    const plain = plainOf(given, modern);
    return { result: given, warnings: [], ...(plain && { plain }) };
  }
  const shape = shapeOfAnswer(method, modern);
  if (!isObject(given)) {
    if (shape.empty) return { result: modern ? { resultType: "complete" } : {}, warnings: [] };
    return `the result is ${shapeOf(given)}`;
  }
  const type = given["resultType"];
  if (modern && type === "input_required") return { result: given, warnings: [] };
  // Of the tasks extension: whoever asked for it knows what it is.
  if (modern && type === "task" && method === "tools/call" && typeof given["taskId"] === "string")
    return { result: given, warnings: [] };
  if (modern && type !== undefined && type !== null && type !== "complete")
    return `its resultType is ${excerpt(JSON.stringify(type)).slice(0, 60)}, which this revision does not know`;
  const whole = modern ? asModern(given, shape) : asLegacy(given);
  if (shape.check(whole).length === 0) return { result: whole, warnings: [] };
  const meant = asMeant(method, whole);
  if (shape.list) return readList(shape, shape.list, meant);
  const mended = method === "tools/call" ? mendCall(shape, meant) : mend(meant, shape.check);
  if (typeof mended === "string") return mended;
  return {
    result: fieldsOf(mended.value),
    warnings: mended.lost.map((clause) => `left out of it: ${clause}`),
  };
}

/** The usual answer to a call: nearly all of them, and nothing to look for in them. */
function isUsualCallResult(value: unknown, modern: boolean): value is PlainCallResult {
  if (!isObject(value) || !Array.isArray(value["content"])) return false;
  for (const key in value)
    if (key === "isError" ? typeof value[key] !== "boolean" : !USUAL.has(key)) return false;
  const structured = value["structuredContent"];
  const fits = modern ? value["resultType"] === "complete" : structured === undefined || isObject(structured);
  if (!fits) return false;
  // In memory a list may have holes, which `every` does not look at.
  for (const block of value["content"]) if (!isPlainText(block)) return false;
  return true;
}

/** The modern revision says of a result that it is complete, which the caller knows by having it. */
function plainOf(given: PlainCallResult, modern: boolean): PlainCallResult | undefined {
  if ("structuredContent" in given) return undefined;
  if (!modern) return "resultType" in given ? undefined : given;
  const { content, isError } = given;
  return isError === undefined ? { content } : { content, isError };
}

const USUAL = new Set(["content", "structuredContent", "resultType"]);

function isPlainText(block: unknown): boolean {
  if (!isObject(block) || block["type"] !== "text" || typeof block["text"] !== "string") return false;
  for (const key in block) if (key !== "type" && key !== "text") return false;
  return true;
}

/** Before the 2026-07-28 revision structured content was an object; what is none is put into one, as the SDK's servers do. */
function asLegacy(result: Fields): Fields {
  const { structuredContent, ...rest } = result;
  if (structuredContent === undefined || isObject(structuredContent)) return result;
  return structuredContent === null ? rest : { ...rest, structuredContent: { result: structuredContent } };
}

/** What the revision demands and a server may have left out, in the sense that its absence has. */
function asModern(result: Fields, shape: Shape): Fields {
  const { resultType, ttlMs, cacheScope } = result;
  const fields = { ...(resultType !== "complete" && { resultType: "complete" }) };
  if (!shape.cacheable) return Object.keys(fields).length === 0 ? result : { ...result, ...fields };
  const ttl = typeof ttlMs === "number" && Number.isSafeInteger(ttlMs) && ttlMs >= 0 ? ttlMs : 0;
  const scope = cacheScope === "public" ? "public" : "private";
  if (ttl === ttlMs && scope === cacheScope && !("resultType" in fields)) return result;
  return { ...result, ...fields, ttlMs: ttl, cacheScope: scope };
}

/** One bad item costs itself. */
function readList(
  shape: Shape,
  { key, check }: NonNullable<Shape["list"]>,
  given: Fields,
): ReadResult | string {
  const items = given[key] ?? [];
  if (!Array.isArray(items)) return `${key} is ${shapeOf(items)}, expected a list`;
  const rest = mend({ ...given, [key]: [] }, shape.check);
  if (typeof rest === "string") return rest;
  const warnings = rest.lost.map((clause) => `left out of the list: ${clause}`);
  const usable: unknown[] = [];
  for (const [index, item] of items.entries()) {
    const mended = check(item).length === 0 ? { value: item, lost: [] } : mend(itemAsMeant(key, item), check);
    if (typeof mended !== "string") usable.push(mended.value);
    const lost = typeof mended === "string" ? [mended] : mended.lost;
    const what = typeof mended === "string" ? `${key}[${index}]` : `a field of ${key}[${index}]`;
    for (const clause of lost) warnings.push(`${what}${nameOf(item)} was left out: ${clause}`);
  }
  return { result: { ...fieldsOf(rest.value), [key]: usable }, warnings };
}

function nameOf(item: unknown): string {
  const name = valueAt(item, ["name"]) ?? valueAt(item, ["uri"]);
  return typeof name === "string" ? ` (${JSON.stringify(name.slice(0, 80))})` : "";
}

/** A tool has run: what its result has of another revision, or of none, is given as text and not thrown away. */
function mendCall(shape: Shape, given: Fields): Mended | string {
  const { content } = given;
  if (!Array.isArray(content)) return mend(given, shape.check);
  const lost: string[] = [];
  const blocks = content
    .filter((block) => block !== null)
    .map((block, index) => {
      const mended = mend(block, checkContent);
      if (typeof mended !== "string") {
        lost.push(...mended.lost.map((clause) => `content[${index}].${clause}`));
        return mended.value;
      }
      lost.push(`content[${index}] is of no known form and is given as text`);
      return { type: "text", text: typeof block === "string" ? block : textOf(block) };
    });
  const whole = mend({ ...given, content: blocks }, shape.check);
  return typeof whole === "string" ? whole : { value: whole.value, lost: [...lost, ...whole.lost] };
}

function textOf(block: unknown): string {
  try {
    return JSON.stringify(block) ?? String(block);
  } catch {
    return excerpt(block);
  }
}
