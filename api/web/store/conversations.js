// The conversations that are known, and which of them the list shows, in order. Each has a signal of its own, so that one that changes
// draws one row.
import { batch, effect, signal } from "../lib.js";
import { ask } from "../api.js";
import { mine } from "../session.js";
import { forget as forgetUnread, note, recount } from "./unread.js";

/** @typedef {import("../types").Conversation} Conversation */
/** @typedef {{ filter: "open" | "unread" | "mine" | "archived", inboxId: string, search: string }} View */

const PAGE = 50;
/** Beyond so many changed at once, the list is read again as far as it reaches, rather than each of them. */
const MOST_REFRESHED = 20;
const REFRESH_MS = 120;
/** After the API could not be asked. */
const RETRY_MS = 3_000;
/** How far down the list is read again, in pages of the largest size; and for how many rows at least after a gap. */
const DEEPEST = 30;
const LARGEST = 100;
const RESYNCED = 500;
const FIRST_GAP = 10;
const COUNTED_AFTER_MS = 1_000;

/** @type {Map<string, { value: Conversation }>} */
const known = new Map();
/** @type {Set<string>} */
let listed = new Set();
/** @type {string | null} */
let nextPage = null;
let turn = 0;
/** What changed while the list was on its way. @type {Set<string>} */
const meanwhile = new Set();

/** @type {{ value: View }} */
export const view = signal(/** @type {View} */ ({ filter: "open", inboxId: "", search: "" }));
/** @type {{ value: string[] }} */
export const order = signal(/** @type {string[]} */ ([]));
/** @type {{ value: "loading" | "ready" | "more" | "failed" }} */
export const state = signal(/** @type {any} */ ("loading"));
/** @type {{ value: string | null }} */
export const selected = signal(/** @type {string | null} */ (null));
/** One that was open and is not to be seen any more. @type {{ value: string | null }} */
export const gone = signal(/** @type {string | null} */ (null));

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
      putAll([...meanwhile].map((id) => /** @type {any} */ (known.get(id)).value));
      meanwhile.clear();
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

/** Takes what the API says of conversations now. @param {Conversation[]} all @param {boolean} [answered] that they are what the view asked for */
function putAll(all, answered = false) {
  if (!all.length) return;
  batch(() => {
    const lowest = known.get(order.value.at(-1) ?? "")?.value.lastMessageDate ?? "";
    for (const now of all) {
      keep(now);
      if (state.value === "loading") meanwhile.add(now.id);
      const there = listed.has(now.id);
      const belongs = answered || matches(now);
      const reaches = !nextPage || now.lastMessageDate >= lowest;
      // Whether something new is found by the search, only the API can say.
      if (belongs && !there && reaches && (answered || !view.value.search.trim())) listed.add(now.id);
      // What is open stays where it is, also once it has been read.
      else if (!belongs && there && now.id !== selected.value) listed.delete(now.id);
    }
    sort();
  });
}

/** @param {Conversation} now */
export const put = (now) => putAll([now]);

/** @param {Conversation} now */
function keep(now) {
  const held = known.get(now.id);
  if (!held) known.set(now.id, signal(now));
  else if (now.updatedAt >= held.value.updatedAt) held.value = now;
  note(/** @type {{ value: Conversation }} */ (known.get(now.id)).value);
}

/** It is not to be seen any more: somebody else's now, or erased. @param {string} id */
function drop(id) {
  batch(() => {
    forgetUnread(id);
    known.delete(id);
    meanwhile.delete(id);
    if (selected.value === id) gone.value = id;
    if (listed.delete(id)) sort();
  });
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
  const dated = [...listed].map((id) => ({ id, date: known.get(id)?.value.lastMessageDate ?? "" }));
  dated.sort((a, b) => (a.date < b.date || (a.date === b.date && a.id < b.id) ? 1 : -1));
  const before = order.value;
  if (dated.length !== before.length || dated.some(({ id }, index) => id !== before[index])) order.value = dated.map(({ id }) => id);
}

/** What was open may be one that the list shows no longer. */
effect(() => {
  const open = selected.value;
  return () => {
    const held = open && known.get(open);
    if (held) queueMicrotask(() => put(held.value));
  };
});

/** @type {Set<string>} */
const stale = new Set();
let renewing = false;

/** Asks soon what a conversation is like now; however many events ask for it, once. @param {string} id */
export function refresh(id) {
  stale.add(id);
  renewSoon(REFRESH_MS);
}

/** @param {number} ms */
function renewSoon(ms) {
  if (renewing) return;
  renewing = true;
  setTimeout(renew, ms);
}

/** One round at a time, so that an API that is slow is not asked more and more. */
async function renew() {
  const ids = [...stale];
  stale.clear();
  const done = ids.length > MOST_REFRESHED ? await renewMany(new Set(ids)) : await renewEach(ids);
  renewing = false;
  if (stale.size) renewSoon(done ? REFRESH_MS : RETRY_MS);
}

/** @param {string[]} ids @returns {Promise<boolean>} whether all of them answered */
async function renewEach(ids) {
  /** @type {Conversation[]} */
  const found = [];
  let done = true;
  await Promise.all(ids.map(async (id) => {
    try {
      found.push(await ask("GET", `/v1/conversations/${id}`));
    } catch (error) {
      const refused = /** @type {import("../api.js").Refused} */ (error);
      if (refused.problem?.status === 404) drop(id);
      else if (refused.passes) (done = false), stale.add(id);
    }
  }));
  putAll(found);
  return done;
}

/** Reads the list again, down to where all that changed was seen or to the end of what is shown; what is not in it is asked for by itself. @param {Set<string>} ids @param {number} [pageSize] */
async function renewMany(ids, pageSize = LARGEST) {
  const own = turn;
  const left = new Set(ids);
  let pageToken = "";
  for (let pages = 0; pages === 0 || (left.size && pageToken && pages < DEEPEST); pages++) {
    const page = await ask("GET", "/v1/conversations", { query: { ...query(view.value), pageSize, pageToken } }).catch(() => null);
    // Another view reads its list anew anyway.
    if (own !== turn) return void countUnread(), true;
    if (!page) return ids.forEach((id) => stale.add(id)), false;
    putAll(page.conversations, true);
    for (const one of page.conversations) left.delete(one.id);
    const lowest = known.get(order.value.at(-1) ?? "")?.value.lastMessageDate ?? "";
    pageToken = (page.conversations.at(-1)?.lastMessageDate ?? "") < lowest ? "" : (page.nextPageToken ?? "");
  }
  const shown = [...left].filter((id) => listed.has(id) || id === selected.value);
  let done = true;
  for (let at = 0; at < shown.length; at += MOST_REFRESHED) done = (await renewEach(shown.slice(at, at + MOST_REFRESHED))) && done;
  if (left.size > shown.length) void countUnread();
  return done;
}

/** Makes sure that a conversation is known, whatever the list shows. @param {string} id */
export async function need(id) {
  if (!known.has(id)) put(await ask("GET", `/v1/conversations/${id}`));
}

/** Counts what is unread, whatever the list shows. */
const countUnread = () => recount((found) => batch(() => found.forEach(keep)));

/** Closes the gap between the reading of the list and the beginning of the stream; what is not in view can wait until the page stands. */
export function catchUp() {
  void renewMany(new Set(), FIRST_GAP);
  setTimeout(countUnread, COUNTED_AFTER_MS);
}

/** Begins anew after the stream could not go on where it was. */
export function resync() {
  void renewMany(new Set(order.value.slice(0, RESYNCED))).then((done) => done || renewSoon(RETRY_MS));
  void countUnread();
}

/** @param {string} id @param {Partial<Conversation>} change */
export function change(id, change) {
  const held = known.get(id);
  if (held) put({ ...held.value, ...change });
}
