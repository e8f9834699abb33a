// The templates of an inbox, and what one says once its gaps are filled.
import { signal } from "../lib.js";
import { ask } from "../api.js";

/** @typedef {import("../types").Template} Template */

/** @type {Map<string, { value: { list: Template[], state: "loading" | "ready" | "failed" } }>} */
const known = new Map();

/** @param {string} inboxId */
export function templates(inboxId) {
  const held = known.get(inboxId);
  if (held && held.value.state !== "failed") return held;
  const fresh = held ?? signal({ list: /** @type {Template[]} */ ([]), state: /** @type {"loading" | "ready" | "failed"} */ ("loading") });
  known.set(inboxId, fresh);
  if (held) queueMicrotask(() => void read(inboxId));
  else void read(inboxId);
  return fresh;
}

/** @param {string} inboxId */
async function read(inboxId) {
  const held = known.get(inboxId);
  if (!held) return;
  try {
    const page = await ask("GET", `/v1/inboxes/${inboxId}/whatsapp/templates`);
    held.value = { list: page.templates, state: "ready" };
  } catch {
    held.value = { list: [], state: "failed" };
    setTimeout(() => known.get(inboxId)?.value.state === "failed" && known.delete(inboxId), 30_000);
  }
}

/** @param {Template} template @param {string} type */
export const part = (template, type) => template.components.find((one) => one.type?.toUpperCase() === type);

/** The gaps in a text, in order, each once: `{{1}}`, `{{name}}`. @param {string | undefined} text @returns {string[]} */
export const gaps = (text) => [...new Set([...(text ?? "").matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map((match) => match[1]))];

/** @param {string | undefined} text @param {Record<string, string>} values */
export const fill = (text, values) => (text ?? "").replace(/\{\{\s*(\w+)\s*\}\}/g, (gap, name) => values[name] || gap);

/** What fills the gaps, as a sent content has it. @param {any} content @param {Template} template */
export function filled(content, template) {
  const body = part(template, "BODY")?.text ?? "";
  const names = gaps(body);
  const given = content.parameters ?? content.components?.find((/** @type {any} */ one) => one.type?.toLowerCase() === "body")?.parameters ?? [];
  const values = Array.isArray(given)
    ? Object.fromEntries(given.map((one, index) => [one?.parameter_name ?? names[index] ?? String(index + 1), typeof one === "string" ? one : (one?.text ?? one?.currency?.fallback_value ?? "")]))
    : given;
  const header = part(template, "HEADER");
  const headerGiven = content.components?.find((/** @type {any} */ one) => one.type?.toLowerCase() === "header")?.parameters?.[0];
  return {
    header: header?.format === "TEXT" ? fill(header.text, Object.fromEntries(gaps(header.text).map((name) => [name, headerGiven?.text ?? ""]))) : null,
    media: header && header.format !== "TEXT" ? (headerGiven?.[header.format?.toLowerCase()] ?? { format: header.format }) : null,
    format: header?.format ?? null,
    body: fill(body, values),
    footer: part(template, "FOOTER")?.text ?? null,
    buttons: (part(template, "BUTTONS")?.buttons ?? []).map((/** @type {any} */ one) => ({ type: one.type, text: one.text })),
  };
}
