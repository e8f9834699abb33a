// What was begun and not sent, for each conversation; it outlives reloads and sessions.
import { signal } from "../lib.js";
import { browser } from "../storage.js";

/** @typedef {{ text: string, replyTo: string | null, at: number }} Draft */

const KEPT_MS = 14 * 86_400_000;
const SAVED_MS = 250;

/** @type {{ value: Record<string, Draft> }} */
export const drafts = signal(Object.fromEntries(Object.entries(/** @type {Record<string, Draft>} */ (browser.get("drafts") ?? {})).filter(([, draft]) => Date.now() - draft.at < KEPT_MS)));

let timer = 0;
const save = () => browser.set("drafts", drafts.value);

/** @param {string} id @param {Partial<Draft>} change */
export function draft(id, change) {
  const next = { ...(drafts.value[id] ?? { text: "", replyTo: null }), ...change, at: Date.now() };
  const { [id]: _, ...others } = drafts.value;
  drafts.value = next.text || next.replyTo ? { ...others, [id]: next } : others;
  clearTimeout(timer);
  timer = window.setTimeout(save, SAVED_MS);
}

addEventListener("pagehide", save);
