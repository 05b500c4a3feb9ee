import { join } from "node:path";

/** Where to look for config files. Tests pass another machine's. */
export interface Place {
  home: string;
  cwd: string;
  platform: NodeJS.Platform;
  env: Record<string, string | undefined>;
}

/** The config files of each client, the nearest first; `/*` is each config in a folder. Those of the project are not the user's own work. */
interface Places {
  project?: string[];
  user: (place: Place) => string[];
}

const atHome =
  (...paths: string[]): Places["user"] =>
  ({ home }) =>
    paths.map((path) => join(home, path));

/** VS Code keeps the files of its extensions beside its own. */
const inCode =
  (...paths: string[]): Places["user"] =>
  (place) =>
    paths.map((path) => join(applications(place), "Code/User", path));

const inConfigHome =
  (...paths: string[]): Places["user"] =>
  ({ home, env }) =>
    paths.map((path) => join(env["XDG_CONFIG_HOME"] ?? join(home, ".config"), path));

export const CLIENTS: Record<string, Places> = {
  claude: { user: (place) => [join(applications(place), "Claude/claude_desktop_config.json")] },
  "claude-code": { project: [".mcp.json"], user: atHome(".claude.json") },
  cursor: { project: [".cursor/mcp.json"], user: atHome(".cursor/mcp.json") },
  vscode: { project: [".vscode/mcp.json"], user: inCode("mcp.json", "settings.json") },
  windsurf: { user: atHome(".codeium/windsurf/mcp_config.json") },
  gemini: { project: [".gemini/settings.json"], user: atHome(".gemini/settings.json") },
  goose: {
    user: (place) =>
      place.platform === "win32"
        ? [join(place.env["APPDATA"] ?? place.home, "Block/goose/config/config.yaml")]
        : inConfigHome("goose/config.yaml")(place),
  },
  cline: { user: inCode("globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json") },
  roo: {
    project: [".roo/mcp.json"],
    user: inCode("globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json"),
  },
  zed: {
    project: [".zed/settings.json"],
    user: (place) =>
      place.platform === "win32"
        ? [join(applications(place), "Zed/settings.json")]
        : inConfigHome("zed/settings.json")(place),
  },
  opencode: {
    project: ["opencode.json", "opencode.jsonc"],
    user: inConfigHome("opencode/opencode.json", "opencode/opencode.jsonc"),
  },
  codex: {
    project: [".codex/config.toml"],
    user: ({ home, env }) => [join(env["CODEX_HOME"] ?? join(home, ".codex"), "config.toml")],
  },
  continue: {
    project: [".continue/config.yaml", ".continue/mcpServers/*"],
    user: atHome(".continue/config.yaml", ".continue/mcpServers/*"),
  },
  amp: { project: [".amp/settings.json"], user: inConfigHome("amp/settings.json") },
  copilot: {
    user: ({ home, env }) => [join(env["COPILOT_HOME"] ?? join(home, ".copilot"), "mcp-config.json")],
  },
  lmstudio: { user: atHome(".lmstudio/mcp.json") },
  jetbrains: { project: [".junie/mcp/mcp.json"], user: atHome(".junie/mcp/mcp.json") },
  kiro: { project: [".kiro/settings/mcp.json"], user: atHome(".kiro/settings/mcp.json") },
  "amazon-q": { project: [".amazonq/mcp.json"], user: atHome(".aws/amazonq/mcp.json") },
  warp: { project: [".warp/.mcp.json"], user: atHome(".warp/.mcp.json") },
};

/** How the clients are called on the command line. */
export const CLIENT_NAMES = Object.keys(CLIENTS);

function applications({ home, platform, env }: Place): string {
  if (platform === "darwin") return join(home, "Library/Application Support");
  if (platform === "win32") return env["APPDATA"] ?? join(home, "AppData/Roaming");
  return env["XDG_CONFIG_HOME"] ?? join(home, ".config");
}
