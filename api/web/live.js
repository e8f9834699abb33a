// The event stream: read by `fetch`, as it needs the session's header; resumed by number, with growing pauses.
import { batch, signal } from "./lib.js";
import { authorization, Refused, send } from "./api.js";
import { ended, renewed, session } from "./session.js";
import { createParser } from "./vendor/eventsource-parser.js";
import * as conversations from "./store/conversations.js";
import * as threads from "./store/thread.js";
import { outbox, settle, wake } from "./store/outbox.js";

/** @typedef {import("./types").LiveEvent} LiveEvent */

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
/** A sign of life comes every 15 seconds; without one for this long the connection is dead, whatever TCP thinks. */
const SILENCE_MS = 40_000;

/** @type {{ value: "connecting" | "live" | "away" }} */
export const connection = signal(/** @type {any} */ ("connecting"));
/** New messages of contacts, for who hears the page: the latest few, or only how many where they are too many to listen to. @type {{ value: { id: string, name: string, text: string, count: number }[] }} */
export const announced = signal(/** @type {{ id: string, name: string, text: string, count: number }[]} */ ([]));
const MOST_HEARD = 3;
/** By then it was read out; what was deleted since must not be found here. */
const HEARD_MS = 8_000;

/** @type {string | null} */
let last = null;
let pause = FIRST_PAUSE_MS;
/** @type {AbortController | null} */
let current = null;
/** @type {(() => void) | null} */
let hurry = null;

/** Follows the stream for as long as there is a session. */
export async function follow() {
  addEventListener("online", () => hurry?.());
  addEventListener("offline", () => current?.abort());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && hurry?.());
  while (true) {
    if (!ended.value) await read().catch(lost);
    if (connection.value === "live") connection.value = "connecting";
    await rest();
  }
}

/** @param {unknown} error */
async function lost(error) {
  const problem = error instanceof Refused ? error.problem : null;
  if (problem?.status === 401) await renewed(session.value?.token, problem);
  if (problem?.status === 410) startAnew();
  connection.value = pause > 2_000 || problem?.status === 0 ? "away" : "connecting";
}

function startAnew() {
  last = null;
  conversations.resync();
  threads.resync();
}

async function rest() {
  const ms = pause * (0.75 + Math.random() / 2);
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    hurry = () => {
      clearTimeout(timer);
      resolve(undefined);
    };
  });
  hurry = null;
  pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
}

async function read() {
  const abort = new AbortController();
  current = abort;
  const response = await send("/v1/events", {
    headers: { Accept: "text/event-stream", ...authorization(), ...(last ? { "Last-Event-ID": last } : {}) },
    signal: abort.signal,
  });
  if (!response.ok || !response.body) throw new Refused({ status: response.status, code: "stream", detail: await response.text() });
  connected();
  const parser = createParser({
    onEvent: (event) => {
      if (event.id) last = event.id;
      if (event.data) queue(JSON.parse(event.data));
    },
  });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    while (true) {
      const silence = setTimeout(() => abort.abort(), SILENCE_MS);
      const { value, done } = await reader.read().finally(() => clearTimeout(silence));
      if (done) return;
      parser.feed(value);
    }
  } finally {
    abort.abort();
  }
}

function connected() {
  // The first stream begins now: what happened between reading the list and this is read again.
  if (!last) conversations.catchUp(), threads.resync();
  connection.value = "live";
  pause = FIRST_PAUSE_MS;
  wake();
}

/** @type {LiveEvent[]} */
let waiting = [];

/** A burst of events is drawn once. @param {LiveEvent} event */
function queue(event) {
  waiting.push(event);
  if (waiting.length > 1) return;
  setTimeout(() => {
    const events = waiting;
    waiting = [];
    batch(() => {
      events.forEach(apply);
      announce(events.filter(({ type, data }) => type === "message.received" && data.message && data.message.content.type !== "reaction"));
    });
  }, 16);
}

/** @param {LiveEvent} event */
function apply({ type, conversationId, data }) {
  if (data.message) {
    const own = outbox.value.some((one) => one.key === data.message.clientReference);
    if (own) settle(data.message);
    else threads.take(data.message, type !== "message.retried");
  }
  if (conversationId) conversations.refresh(conversationId);
}

/** @param {LiveEvent[]} news */
function announce(news) {
  if (!news.length) return;
  const one = (/** @type {LiveEvent} */ { id, data }) => ({ id, name: data.contact?.name ?? data.contact?.address ?? "", text: data.message.content.text ?? "", count: 1 });
  const heard = news.length > MOST_HEARD ? [{ ...one(news[0]), count: news.length }] : news.map(one);
  announced.value = [...announced.value, ...heard];
  setTimeout(() => (announced.value = announced.value.filter((one) => !heard.includes(one))), HEARD_MS);
}
