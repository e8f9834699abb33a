// The conversations that are known, and which of them the list shows, in order. Each has a signal of its own, so that one that changes
// draws one row.
import { batch, computed, signal } from "../lib.js";
import { ask } from "../api.js";
import { mine } from "../session.js";

/** @typedef {import("../types").Conversation} Conversation */
/** @typedef {{ filter: "open" | "unread" | "mine" | "archived", inboxId: string, search: string }} View */

const PAGE = 50;
/** Beyond so many changed at once, the list is asked for anew rather than each of them. */
const MOST_REFRESHED = 20;
const REFRESH_MS = 120;

/** @type {Map<string, { value: Conversation }>} */
const known = new Map();
/** @type {Set<string>} */
let listed = new Set();
/** @type {string | null} */
let nextPage = null;
let turn = 0;

/** @type {{ value: View }} */
export const view = signal(/** @type {View} */ ({ filter: "open", inboxId: "", search: "" }));
/** @type {{ value: string[] }} */
export const order = signal(/** @type {string[]} */ ([]));
/** @type {{ value: "loading" | "ready" | "more" | "failed" }} */
export const state = signal(/** @type {any} */ ("loading"));
/** @type {{ value: string | null }} */
export const selected = signal(/** @type {string | null} */ (null));
/** Ids of unread conversations, as far as they are known. @type {{ value: Set<string> }} */
const unread = signal(/** @type {Set<string>} */ (new Set()));
export const unreadCount = computed(() => unread.value.size);

/** @param {string} id @returns {{ value: Conversation } | undefined} */
export const conversation = (id) => known.get(id);

/** @param {View} now */
const query = (now) => ({
  pageSize: PAGE,
  unreadOnly: now.filter === "unread",
  archived: now.filter === "archived",
  assigneeId: now.filter === "mine" ? mine.value : "",
  inboxId: now.inboxId,
  search: now.search.trim(),
});

/** Shows another part of the conversations. @param {Partial<View>} change */
export function show(change) {
  view.value = { ...view.value, ...change };
  return load();
}

/** Reads the list from its beginning. */
export async function load() {
  const own = ++turn;
  state.value = "loading";
  try {
    const page = await ask("GET", "/v1/conversations", { query: query(view.value) });
    if (own !== turn) return;
    batch(() => {
      page.conversations.forEach(keep);
      listed = new Set(page.conversations.map((/** @type {Conversation} */ one) => one.id));
      nextPage = page.nextPageToken;
      state.value = "ready";
      sort();
    });
  } catch {
    if (own === turn) state.value = "failed";
  }
}

/** Reads the next page, if there is one and none is being read. */
export async function more() {
  if (!nextPage || state.value !== "ready") return;
  const own = turn;
  state.value = "more";
  try {
    const page = await ask("GET", "/v1/conversations", { query: { ...query(view.value), pageToken: nextPage } });
    if (own !== turn) return;
    batch(() => {
      for (const one of page.conversations) {
        keep(one);
        listed.add(one.id);
      }
      nextPage = page.nextPageToken;
      state.value = "ready";
      sort();
    });
  } catch {
    if (own === turn) state.value = "ready";
  }
}

/** Reads the head of the list again, leaving what is below as it is. */
async function reloadHead() {
  const own = turn;
  const page = await ask("GET", "/v1/conversations", { query: { ...query(view.value), pageSize: 100 } }).catch(() => null);
  if (page && own === turn) batch(() => page.conversations.forEach(put));
}

/** Takes what the API says of a conversation now. @param {Conversation} now */
export function put(now) {
  batch(() => {
    keep(now);
    const there = listed.has(now.id);
    const belongs = matches(now);
    const reaches = !nextPage || now.lastMessageDate >= (known.get(order.value.at(-1) ?? "")?.value.lastMessageDate ?? "");
    if (belongs && !there && reaches && !view.value.search.trim()) listed.add(now.id);
    // What is open stays where it is, also once it has been read.
    else if (!belongs && there && now.id !== selected.value) listed.delete(now.id);
    sort();
  });
}

/** @param {Conversation} now */
function keep(now) {
  const held = known.get(now.id);
  if (!held) known.set(now.id, signal(now));
  else if (now.updatedAt >= held.value.updatedAt) held.value = now;
  count(now.id, (known.get(now.id)?.value.unreadCount ?? 0) > 0 && now.state === "open");
}

/** @param {string} id @param {boolean} is */
function count(id, is) {
  if (unread.value.has(id) === is) return;
  const next = new Set(unread.value);
  if (is) next.add(id);
  else next.delete(id);
  unread.value = next;
}

/** @param {Conversation} one */
function matches(one) {
  const { filter, inboxId } = view.value;
  if ((one.state === "archived") !== (filter === "archived")) return false;
  if (filter === "unread" && one.unreadCount === 0) return false;
  if (filter === "mine" && one.assignee?.userId !== mine.value) return false;
  return !inboxId || one.inboxId === inboxId;
}

function sort() {
  const dates = new Map([...listed].map((id) => [id, known.get(id)?.value.lastMessageDate ?? ""]));
  const ids = [...listed].sort((a, b) => {
    const [left, right] = [dates.get(a) ?? "", dates.get(b) ?? ""];
    return left < right || (left === right && a < b) ? 1 : -1;
  });
  if (ids.length !== order.value.length || ids.some((id, index) => id !== order.value[index])) order.value = ids;
}

/** @type {Set<string>} */
const stale = new Set();
let timer = 0;

/** Asks soon what a conversation is like now; however many events ask for it, once. @param {string} id */
export function refresh(id) {
  stale.add(id);
  timer ||= window.setTimeout(async () => {
    const ids = [...stale];
    stale.clear();
    timer = 0;
    if (ids.length > MOST_REFRESHED) return reloadHead();
    const found = await Promise.all(ids.map((one) => ask("GET", `/v1/conversations/${one}`).catch(() => null)));
    batch(() => found.filter(Boolean).forEach(put));
  }, REFRESH_MS);
}

/** Makes sure that a conversation is known, whatever the list shows. @param {string} id */
export async function need(id) {
  if (!known.has(id)) put(await ask("GET", `/v1/conversations/${id}`));
}

/** Counts what is unread, whatever the list shows; the first hundred. */
export async function countUnread() {
  const page = await ask("GET", "/v1/conversations", { query: { unreadOnly: true, pageSize: 100 } }).catch(() => null);
  if (page) batch(() => page.conversations.forEach(keep));
}

/** Begins anew after the stream could not go on where it was. */
export function resync() {
  void reloadHead();
  void countUnread();
}

/** @param {string} id @param {Partial<Conversation>} change */
export function change(id, change) {
  const held = known.get(id);
  if (held) put({ ...held.value, ...change });
}
