// Writes api/web/vendor from node_modules: the libraries as they are published, with imports that a browser can follow.
//
//   cd deploy/browser && npm ci && npm run vendor
// @ts-nocheck
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const MODULES = join(HERE, "node_modules");
const VENDOR = join(HERE, "../../api/web/vendor");

const LIBRARIES = [
  { name: "preact", from: "preact/dist/preact.mjs", file: "preact", types: "preact" },
  { name: "preact", from: "preact/hooks/dist/hooks.mjs", file: "hooks", types: "preact/hooks" },
  { name: "htm", from: "htm/dist/htm.module.js", file: "htm", types: "htm", default: true },
  { name: "@preact/signals-core", from: "@preact/signals-core/dist/signals-core.mjs", file: "signals-core", types: "@preact/signals-core" },
  { name: "@preact/signals", from: "@preact/signals/dist/signals.mjs", file: "signals", types: "@preact/signals" },
  { name: "eventsource-parser", from: "eventsource-parser/dist/index.js", file: "eventsource-parser", types: "eventsource-parser" },
];

const ICONS = `archive archive-restore arrow-down arrow-left arrow-up ban bell bold building calendar-clock check check-check chevron-down chevron-right
  circle-alert clock contact copy corner-up-left download external-link file file-text globe image inbox
  info layout-template link list loader-circle map-pin message-circle message-square-text mic moon ellipsis file-music paperclip pause phone play plus
  refresh-cw reply rotate-cw search send-horizontal settings shopping-cart face-slightly-smiling face-slightly-smiling-plus square-check-big sticker sun trash
  triangle-alert user user-round users video wifi-off x zoom-in mouse-pointer-click megaphone languages monitor keyboard`.split(/\s+/);

mkdirSync(VENDOR, { recursive: true });
const read = (path) => readFileSync(join(MODULES, path), "utf8");
const write = (name, text) => writeFileSync(join(VENDOR, name), text);
const version = (name) => JSON.parse(read(`${name}/package.json`)).version;
const local = (source) =>
  LIBRARIES.reduce((text, { types, file }) => text.replaceAll(`from"${types}"`, `from"./${file}.js"`), source)
    .replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n");

for (const library of LIBRARIES) {
  write(`${library.file}.js`, local(read(library.from)));
  const forwarded = library.default ? `export { default } from "${library.types}";\n` : `export * from "${library.types}";\n`;
  write(`${library.file}.d.ts`, forwarded);
}

const nodes = JSON.parse(read("lucide-static/icon-nodes.json"));
const icons = Object.fromEntries(ICONS.filter((name) => nodes[name]).map((name) => [name, nodes[name]]));
const lines = Object.entries(icons).map(([name, shapes]) => `  ${JSON.stringify(name)}: ${JSON.stringify(shapes)},`);
write("icons.js", `// Lucide ${version("lucide-static")}: the shapes of the icons in use.\n/** @type {Record<string, [string, Record<string, string>][]>} */\nexport const ICONS = {\n${lines.join("\n")}\n};\n`);
const missing = ICONS.filter((name) => !nodes[name]);
if (missing.length) console.warn(`no such icons: ${missing.join(" ")}`);

const groups = JSON.parse(read("unicode-emoji-json/data-by-group.json"));
const emoji = groups
  .filter((group) => group.name !== "Component")
  .map((group) => [group.slug, group.emojis.map((one) => `${one.emoji} ${one.name}`).join("|")]);
mkdirSync(join(VENDOR, "../later"), { recursive: true });
writeFileSync(
  join(VENDOR, "../later/emoji-data.js"),
  `// unicode-emoji-json ${version("unicode-emoji-json")}: emoji and their names, by group.\n/** @type {[string, string][]} */\nexport const EMOJI = ${JSON.stringify(emoji, null, 0)};\n`,
);

const licences = [...new Set(LIBRARIES.map(({ name }) => name)), "lucide-static", "unicode-emoji-json"].map((name) => {
  const home = name === "@preact/signals-core" ? "@preact/signals" : name;
  const text = ["LICENSE", "LICENSE.md", "license"].map((file) => {
    try {
      return read(`${home}/${file}`);
    } catch {
      return "";
    }
  }).find(Boolean) ?? JSON.parse(read(`${home}/package.json`)).license;
  return `${name} ${version(name)}\n${"=".repeat(72)}\n${text.trim()}\n`;
});
write("LICENSES.txt", `Libraries in this folder and in later/emoji-data.js. \`npm run vendor\` in deploy/browser writes them; never edit them by hand.\n\n${licences.join("\n\n")}`);
