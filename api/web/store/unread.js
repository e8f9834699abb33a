// How many conversations are unread, whatever the list shows: counted once, page by page, and kept right by what is told of each.
import { signal } from "../lib.js";
import { ask } from "../api.js";

/** @typedef {import("../types").Conversation} Conversation */

const PAGE = 100;
/** Beyond so many nobody wants to know it exactly. */
const COUNTED = 1_000;

/** @type {Set<string>} */
let ids = new Set();
/** What was told while the pages were on their way: newer than them. @type {Set<string> | null} */
let told = null;
let turn = 0;

/** @type {{ value: number }} */
export const unreadCount = signal(0);
/** Whether there may be more than were counted. @type {{ value: boolean }} */
export const unreadMore = signal(false);

/** @param {Conversation} one */
export function note(one) {
  told?.add(one.id);
  if (one.unreadCount > 0 && one.state === "open") ids.add(one.id);
  else ids.delete(one.id);
  unreadCount.value = ids.size;
}

/** @param {string} id */
export function forget(id) {
  told?.add(id);
  ids.delete(id);
  unreadCount.value = ids.size;
}

/** Counts anew. What the pages say is handed on, as it is known then. @param {(page: Conversation[]) => void} take */
export async function recount(take) {
  const own = ++turn;
  const fresh = (told = new Set());
  /** @type {Conversation[]} */
  const found = [];
  for (let pageToken = ""; ; ) {
    const page = await ask("GET", "/v1/conversations", { query: { unreadOnly: true, pageSize: PAGE, pageToken } }).catch(() => null);
    if (own !== turn) return;
    if (!page) return void (told = null);
    found.push(...page.conversations);
    pageToken = page.nextPageToken ?? "";
    if (pageToken && found.length < COUNTED) continue;
    unreadMore.value = Boolean(pageToken);
    break;
  }
  told = null;
  ids = new Set([...[...ids].filter((id) => fresh.has(id)), ...found.map((one) => one.id).filter((id) => !fresh.has(id))]);
  unreadCount.value = ids.size;
  take(found);
}
