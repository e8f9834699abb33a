// What is being sent: shown at once, sent in order, repeated with the same key until the API has answered for it, in whatever way.
import { signal } from "../lib.js";
import { ask, Refused } from "../api.js";
import { ended, session } from "../session.js";
import { tab } from "../storage.js";
import { refresh } from "./conversations.js";
import { take } from "./thread.js";

/** @typedef {import("../types").Sending} Sending */

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** @type {{ value: Sending[] }} */
export const outbox = signal(/** @type {Sending[]} */ ((tab.get("outbox") ?? []).map((/** @type {Sending} */ one) => ({ ...one, state: one.state === "refused" ? "refused" : "waiting" }))));
/** @type {Map<string, Promise<void>>} */
const busy = new Map();
/** @type {Set<() => void>} */
const sleepers = new Set();

/** @param {string} conversationId @param {Sending["body"]} body @param {Sending["preview"]} [preview] */
export function submit(conversationId, body, preview) {
  const key = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`;
  update([...outbox.value, { key, conversationId, body, preview, at: new Date().toISOString(), state: "sending", problem: null, session: null }]);
  void work(conversationId);
  return key;
}

/** @param {Sending[]} next */
function update(next) {
  outbox.value = next;
  tab.set("outbox", next.map(({ preview, ...rest }) => (preview?.url ? rest : { ...rest, preview })));
}

/** @param {string} key @param {Partial<Sending>} change */
const alter = (key, change) => update(outbox.value.map((one) => (one.key === key ? { ...one, ...change } : one)));

/** @param {string} key */
export const discard = (key) => update(outbox.value.filter((one) => one.key !== key));

/** Sends a refused one again; as a new wish, since the answer to the old key is kept. @param {string} key */
export function repeat(key) {
  const one = outbox.value.find((sending) => sending.key === key);
  if (!one) return;
  discard(key);
  submit(one.conversationId, one.body, one.preview);
}

/** One at a time for each conversation, so that they keep their order. @param {string} conversationId */
function work(conversationId) {
  const running = busy.get(conversationId);
  if (running) return running;
  const job = drain(conversationId).finally(() => busy.delete(conversationId));
  busy.set(conversationId, job);
  return job;
}

/** @param {string} conversationId */
async function drain(conversationId) {
  for (let pause = FIRST_PAUSE_MS; ; ) {
    const one = outbox.value.find((sending) => sending.conversationId === conversationId && sending.state !== "refused");
    if (!one) return;
    try {
      await attempt(one);
      pause = FIRST_PAUSE_MS;
    } catch (error) {
      const refused = error instanceof Refused ? error : new Refused({ status: 0, code: "unknown", detail: String(error) });
      if (!outbox.value.some((sending) => sending.key === one.key)) continue;
      if (refused.passes || ended.value) {
        alter(one.key, { state: "waiting" });
        await rest(Math.max(pause, refused.retryAfter * 1_000));
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      } else {
        alter(one.key, { state: "refused", problem: refused.problem });
      }
    }
  }
}

/** @param {Sending} one */
async function attempt(one) {
  const now = session.value?.token ?? null;
  // A key counts within its session: under another one, look first whether the message is there.
  if (one.session && one.session !== now && (await settledBefore(one))) return;
  alter(one.key, { session: now, state: "sending" });
  const body = { conversationId: one.conversationId, clientReference: one.key, ...one.body };
  const message = await ask("POST", "/v1/conversations/reply", { body, key: one.key });
  if (one.preview?.url && !message.content.url) message.content = { ...message.content, url: one.preview.url };
  settle(message);
}

/** @param {Sending} one */
async function settledBefore(one) {
  const page = await ask("GET", `/v1/conversations/${one.conversationId}/messages`, { query: { idTo: "msg_7ZZZZZZZZZZZZZZZZZZZZZZZZZ", limit: 100 } });
  const found = page.messages.find((/** @type {import("../types").Message} */ message) => message.clientReference === one.key);
  if (found) settle(found);
  return Boolean(found);
}

/** A message that the API answers for takes the place of what was shown. @param {import("../types").Message} message */
export function settle(message) {
  take(message, true);
  if (outbox.value.some((one) => one.key === message.clientReference)) discard(/** @type {string} */ (message.clientReference));
  refresh(message.conversationId);
}

/** @param {number} ms */
function rest(ms) {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      sleepers.delete(wake);
      resolve(undefined);
    };
    const timer = setTimeout(wake, ms);
    sleepers.add(wake);
  });
}

/** Goes on at once: the connection is back, or there is a session again. */
export function wake() {
  for (const sleeper of [...sleepers]) sleeper();
  for (const id of new Set(outbox.value.map((one) => one.conversationId))) void work(id);
}
