import { checkString, checkStrings, invalid, show } from "../base/check.js";
import { withoutUserInfo } from "../base/redact.js";

/** A path that no registry could mean: it begins at the root, at home, at a drive, or with a dot. */
const PATH = /^(?:\.{1,2}|(?:\.{1,2}|~|[A-Za-z]:)?[/\\]\P{Cc}*)$/u;
/** ssh takes a host that begins with a dash for an option. */
const BEHIND_SCHEME = "(?!-|[^/?#\\s]*@-)[^\\s\\p{Cc}]+";
const URL_OF = new RegExp(`^(?:(?:git\\+)?(?:https?|ssh|file)|git)://${BEHIND_SCHEME}$`, "u");
/** Short forms of npm for a repository. `owner/name` alone could be meant as a folder, so it is none of them. */
const REPOSITORY = /^(?:github|gitlab|bitbucket|gist):[\w./~-]+(?:#[\w./:^~<>=*-]+)?$/;
/** `name@version` of npm: the version is an exact one, a range, or a tag. What ends as an archive does is a file to npm. */
const NPM =
  /^(?!.*\.(?:tgz|tar|tar\.gz)$)(?:@[a-z0-9~][\w.~-]*\/)?[a-z0-9~][\w.~-]*(?:@[\w^~<>=*][\w.+~^<>=*| -]*)?$/i;
const MAX_NPM_NAME = 214;

const PYTHON_NAME = "[a-z0-9](?:[\\w.-]*[a-z0-9])?";
const EXTRAS = `(?:\\s*\\[\\s*${PYTHON_NAME}(?:\\s*,\\s*${PYTHON_NAME})*\\s*\\])?`;
const CLAUSE = "(?:===|==|~=|!=|<=|>=|<|>)\\s*[\\w.*+!-]+";
const VERSIONS = `(?:\\s*${CLAUSE}(?:\\s*,\\s*${CLAUSE})*)?`;
/** A requirement of PEP 508, and `name@version` of uv. */
const REQUIREMENT = new RegExp(
  `^${PYTHON_NAME}${EXTRAS}(?:@[\\w.+!]+|\\s*@\\s*[a-z+]+://${BEHIND_SCHEME}|${VERSIONS})(?:\\s*;\\P{Cc}*)?$`,
  "iu",
);
const MODULE = /^[\p{XID_Start}_]\p{XID_Continue}*(?:\.[\p{XID_Start}_]\p{XID_Continue}*)*$/u;
/** `3.12`, `>=3.11`, `cpython@3.12`, or the name of an interpreter. */
const PYTHON = /^[\w<>=~!][\w.<>=~!,*+@ -]*$/;
const COMMAND = /^[^-\p{Cc}]\P{Cc}*$/u;

/** Checks a package of npm: `name`, `name@version`, a path, or the URL of an archive or a git repository. */
export function checkNpmPackage(path: string, value: unknown): asserts value is string {
  check(path, value, [NPM, PATH, URL_OF, REPOSITORY], "a package of npm, as name@version or ./folder");
  const [name = ""] = /^@?[^@]*/.exec(value) ?? [];
  if (NPM.test(value) && name.length > MAX_NPM_NAME)
    throw invalid(path, `no package of npm has a name over ${MAX_NPM_NAME} characters`);
}

/** Checks a package of Python: a requirement as PEP 508 has it, `name@version`, a path, or a URL. */
export function checkRequirement(path: string, value: unknown): asserts value is string {
  check(path, value, [REQUIREMENT, PATH, URL_OF], "a package of Python, as name==version or ./folder");
}

/** Checks a list of packages of Python. Undefined is none. */
export function checkRequirements(path: string, value: unknown): void {
  checkStrings(path, value);
  if (Array.isArray(value)) for (const [i, item] of value.entries()) checkRequirement(`${path}[${i}]`, item);
}

/** Checks a version of Python, or the path of one. */
export function checkPython(path: string, value: unknown): asserts value is string {
  check(path, value, [PYTHON, PATH], "a version of Python, as 3.12, or the path of one");
}

/** Checks the dotted name of a module of Python. */
export function checkModule(path: string, value: unknown): asserts value is string {
  check(path, value, [MODULE], "the name of a module of Python, as package.module");
}

/** Checks a word that a runner takes for a command, and must not take for an option of its own. */
export function checkCommand(path: string, value: unknown): asserts value is string {
  check(path, value, [COMMAND], "a command, which does not begin with a dash");
}

function check(path: string, value: unknown, forms: RegExp[], what: string): asserts value is string {
  checkString(path, value);
  if (!forms.some((form) => form.test(value)))
    throw invalid(path, `expected ${what}, got ${show(withoutUserInfo(value))}`);
}
