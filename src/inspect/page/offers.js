// What a server offers: its tools, resources and prompts, with a search, and a form for a tool that only reads.
import { element } from "./row.js";

/** Fills the part of a server's detail. Nothing is asked of the server before the button is pressed. */
export function offersPart(parent, server, page) {
  const bar = element("div", "bar", parent);
  element("h3", "", bar, "tools, resources, prompts");
  const load = element("button", "load", bar, "list");
  load.type = "button";
  const search = element("input", "", bar);
  search.type = "search";
  search.placeholder = "search what it offers";
  search.setAttribute("aria-label", "search what it offers");
  search.hidden = true;
  const list = element("ul", "offered", parent);
  let all = [];
  const draw = () => {
    const text = search.value.trim().toLowerCase();
    const found = all.filter(({ name, says }) => `${name} ${says}`.toLowerCase().includes(text));
    list.replaceChildren(...found.slice(0, 200).map((item) => itemOf(item, server, page)));
    if (found.length === 0) element("li", "none", list, "nothing");
  };
  search.addEventListener("input", draw);
  load.addEventListener("click", async () => {
    load.disabled = true;
    const answer = await page.ask("offers", { id: server.id });
    load.disabled = false;
    if (!answer) return;
    all = answer.items;
    search.hidden = all.length === 0;
    draw();
  });
}

function itemOf(item, server, page) {
  const { kind, name, schema, says, readOnly } = item;
  const line = element("li", "");
  element("span", "kind", line, kind);
  element("code", "", line, kind === "tool" ? `${name}(${namesOf(schema)})` : name);
  element("span", "says", line, says);
  if (kind !== "tool" || !readOnly || !page.hello.calls) return line;
  const open = element("button", "call", line, "call…");
  open.type = "button";
  open.addEventListener("click", () => {
    open.remove();
    line.append(formOf(item, server, page));
  });
  return line;
}

/** A form made of the tool's schema: a field for each argument. What is no text is given as JSON. */
function formOf({ name, schema }, server, page) {
  const form = element("form", "");
  const fields = Object.entries(schema?.properties ?? {}).map(([key, property]) => {
    const label = element("label", "", form, `${key}${schema.required?.includes(key) ? "" : " (optional)"} `);
    return { key, type: property?.type, input: inputOf(property ?? {}, label) };
  });
  const send = element("button", "", form, "call");
  const result = element("pre", "result", form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    result.textContent = "…";
    try {
      const args = argumentsOf(fields);
      const answer = await page.ask("call", { id: server.id, tool: name, arguments: args });
      result.textContent = answer ? JSON.stringify(answer, null, 2) : "it was refused: see above";
    } catch (error) {
      result.textContent = error.message;
    }
    send.disabled = false;
  });
  return form;
}

function inputOf({ enum: values, type, description, default: given }, label) {
  const input = element(values ? "select" : "input", "", label);
  if (values) for (const value of ["", ...values]) element("option", "", input, String(value));
  else if (type === "number" || type === "integer") [input.type, input.step] = ["number", "any"];
  else if (type === "boolean") input.type = "checkbox";
  else if (type !== "string") input.placeholder = "JSON";
  if (description) input.title = description;
  if (given !== undefined && type !== "boolean") input.value = String(given);
  if (given === true) input.checked = true;
  return input;
}

function argumentsOf(fields) {
  const args = {};
  for (const { key, type, input } of fields) {
    if (type === "boolean") args[key] = input.checked;
    else if (input.value === "") continue;
    else if (type === "number" || type === "integer") args[key] = Number(input.value);
    else if (type === "string" || input.tagName === "SELECT") args[key] = input.value;
    else args[key] = parsed(key, input.value);
  }
  return args;
}

function parsed(key, text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${key}: expected JSON`);
  }
}

/** The names of a tool's arguments, with `?` where one is optional. */
const namesOf = (schema) =>
  Object.keys(schema?.properties ?? {})
    .map((key) => (schema.required?.includes(key) ? key : `${key}?`))
    .join(", ");
