// The messages of the conversations that were opened lately: read from the newest upwards, kept right by events.
import { batch, signal } from "../lib.js";
import { ask } from "../api.js";
import { may } from "../session.js";
import { change, conversation } from "./conversations.js";

/** @typedef {import("../types").Message} Message */

const PAGE = 50;
const KEPT_THREADS = 12;
/** Above every id that there can be. */
const NEWEST = "msg_7ZZZZZZZZZZZZZZZZZZZZZZZZZ";
const UNCOUNTED = ["reaction", "system"];

/**
 * @typedef {object} Thread
 * @property {string} id
 * @property {{ value: Message[] }} messages oldest first
 * @property {{ value: "loading" | "ready" | "failed" }} state
 * @property {{ value: "more" | "loading" | "all" | "failed" }} older
 * @property {{ value: string | null }} divider the first message that was new when it was opened
 * @property {{ value: import("../types").Problem | null }} problem
 * @property {Message[]} early what events told while the first page was on its way
 */

/** @type {Map<string, Thread>} */
const threads = new Map();

/** @param {string} id @returns {Thread} */
export function thread(id) {
  const kept = threads.get(id);
  if (kept) {
    threads.delete(id);
    threads.set(id, kept);
    return kept;
  }
  /** @type {Thread} */
  const fresh = { id, messages: signal([]), state: signal(/** @type {any} */ ("loading")), older: signal(/** @type {any} */ ("more")), divider: signal(null), problem: signal(null), early: [] };
  threads.set(id, fresh);
  if (threads.size > KEPT_THREADS) threads.delete(/** @type {string} */ (threads.keys().next().value));
  void read(fresh);
  return fresh;
}

/** @param {Thread} of */
export async function read(of) {
  of.state.value = "loading";
  try {
    const page = await ask("GET", `/v1/conversations/${of.id}/messages`, { query: { idTo: NEWEST, limit: PAGE } });
    batch(() => {
      merge(of, page.messages);
      of.older.value = page.hasMore ? "more" : "all";
      of.state.value = "ready";
      of.early.splice(0).forEach((message) => take(message, true));
    });
  } catch (error) {
    batch(() => {
      of.problem.value = /** @type {any} */ (error).problem ?? null;
      of.state.value = "failed";
    });
  }
}

/** @param {Thread} of */
export async function readOlder(of) {
  const oldest = of.messages.value[0];
  if (!oldest || of.older.value === "loading" || of.older.value === "all") return;
  of.older.value = "loading";
  try {
    const page = await ask("GET", `/v1/conversations/${of.id}/messages`, { query: { idTo: oldest.id, limit: PAGE } });
    batch(() => {
      merge(of, page.messages);
      of.older.value = page.hasMore ? "more" : "all";
    });
  } catch {
    of.older.value = "failed";
  }
}

/** Whether a message is there, reading upwards for it as far as is reasonable. @param {Thread} of @param {string} id */
export async function reach(of, id) {
  const there = () => of.messages.value.some((message) => message.id === id);
  for (let pages = 0; pages < 20 && !there() && of.older.value === "more" && id < (of.messages.value[0]?.id ?? ""); pages++) {
    await readOlder(of);
  }
  return there();
}

/** What came after the stream could not go on where it was. @param {Thread} of */
async function catchUp(of) {
  if (of.state.value !== "ready") return read(of);
  // From a little earlier: what was there may have got further, too.
  let from = (of.messages.value.at(-PAGE) ?? of.messages.value[0])?.id;
  for (let more = true; more && from; ) {
    const page = await ask("GET", `/v1/conversations/${of.id}/messages`, { query: { idFrom: from, limit: 100 } }).catch(() => null);
    if (!page) return;
    merge(of, page.messages);
    more = page.hasMore;
    from = page.messages.at(-1)?.id;
  }
}

export function resync() {
  for (const of of threads.values()) void catchUp(of);
}

const RANK = { pending: 0, sent: 1, delivered: 2, read: 3, failed: 1.5 };

/** What is known of a file stays known: events and answers to a reply have no link to it. @param {Message} before @param {Message} now */
function joined(before, now) {
  const [old, fresh] = [before.content, now.content];
  const content = old.mediaId && old.mediaId === fresh.mediaId && !fresh.url ? { ...fresh, url: old.url } : fresh;
  return { ...now, content };
}

/** Where a message stands, or would. @param {Message[]} all oldest first @param {string} id */
function place(all, id) {
  let [from, to] = [0, all.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (all[middle].id < id) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Puts messages in their places, each once. @param {Thread} of @param {Message[]} messages */
function merge(of, messages) {
  if (!messages.length) return;
  const all = [...of.messages.value];
  for (const message of messages) {
    const at = place(all, message.id);
    const before = all[at];
    if (before?.id === message.id) all[at] = joined(before, message);
    else all.splice(at, 0, message);
  }
  of.messages.value = all;
}

/** Takes a message from an event or an answer. @param {Message} message @param {boolean} [stale] it may be older than what is there */
export function take(message, stale = false) {
  const of = threads.get(message.conversationId);
  if (!of) return;
  if (of.state.value === "loading") return void of.early.push(message);
  const all = of.messages.value;
  const found = all[place(all, message.id)];
  const before = found?.id === message.id ? found : undefined;
  if (stale && before && RANK[before.status] > RANK[message.status]) return;
  // Older than what was read: it comes when that is read.
  const first = all[0];
  if (!before && first && message.id < first.id && of.older.value !== "all") return;
  merge(of, [message]);
  if (lacksLink(message) && !before?.content.url) void refetch(message.id);
}

/** @param {Message} message */
const lacksLink = ({ content }) => Boolean(content.mediaId ?? content.interactive?.header?.mediaId) && !content.url;

/** @param {string} id */
export async function refetch(id) {
  const message = await ask("GET", `/v1/messages/${id}`).catch(() => null);
  const of = message && threads.get(message.conversationId);
  if (of) merge(of, [message]);
}

/** Where "new messages" begin: before the first of those that were unread. @param {Thread} of @param {number} unread */
export function divide(of, unread) {
  const inbound = of.messages.value.filter((one) => one.direction === "inbound" && !UNCOUNTED.includes(one.content.type));
  of.divider.value = unread > 0 ? (inbound.at(-unread)?.id ?? of.messages.value[0]?.id ?? null) : null;
}

/** @type {Set<string>} */
const marking = new Set();

/** Marks a conversation as read, if that is permitted and there is something to mark. @param {string} id */
export async function markRead(id) {
  const held = conversation(id);
  if (!held || held.value.unreadCount === 0 || !may.value.markRead || marking.has(id) || document.visibilityState !== "visible") return;
  marking.add(id);
  try {
    await ask("PATCH", `/v1/conversations/${id}/read`, { body: { sendReceipt: true } });
    change(id, { unreadCount: 0 });
  } catch {
    // It stays unread, which is what the list then says.
  } finally {
    marking.delete(id);
  }
}
