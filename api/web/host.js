// The page that holds this one in a frame, spoken with by `postMessage`; only with the origins that the embed allows.
//
// It hears: ready, unread, conversation, height, error, identity. It may say: open, close, theme, language, search, identity. See docs/embedding.md.
import { effect } from "./lib.js";
import { speak } from "./i18n.js";
import { close, open } from "./navigation.js";
import { ended, host, identify, session } from "./session.js";
import { selected, show } from "./store/conversations.js";
import { unreadCount, unreadMore } from "./store/unread.js";
import { setTheme, theme } from "./theme.js";

const NAME = "switchboard";

/** Whether an origin is one of those that were allowed; `https://*.example.com` means each below it, and no scheme means https. @param {string} origin @param {string[]} allowed */
export function allows(origin, allowed) {
  return allowed.some((entry) => {
    const [scheme, host] = (entry.includes("://") ? entry : `https://${entry}`).replace(/\/$/, "").split("://");
    return host.startsWith("*.") ? origin.startsWith(`${scheme}://`) && origin.endsWith(host.slice(1)) : origin === `${scheme}://${host}`;
  });
}

/** The host's origin, once it has spoken or as the browser tells it. */
function hostOrigin() {
  return location.ancestorOrigins?.[0] ?? (document.referrer ? new URL(document.referrer).origin : "");
}

/** Where messages may go. @returns {string[]} */
function targets() {
  const allowed = session.value?.embed?.allowedOrigins ?? [];
  const known = hostOrigin();
  if (known && known !== "null") return allowed.length === 0 || allows(known, allowed) ? [known] : [];
  return allowed.filter((entry) => !entry.includes("*") && entry.includes("://"));
}

/** @param {string} type @param {Record<string, any>} [more] */
function say(type, more = {}) {
  for (const target of targets()) parent.postMessage({ source: NAME, type, ...more }, target);
}

/** @param {MessageEvent} event */
function hear(event) {
  const { data, origin, source } = event;
  if (source !== parent || data?.source !== `${NAME}-host`) return;
  // Before there is a session nobody knows which origins are allowed; but only those get this page into a frame, and the token proves itself.
  if (data.type === "identity" && typeof data.viewerToken === "string" && [origin, ""].includes(hostOrigin())) {
    answered?.();
    void identify(data.viewerToken);
  }
  if (!session.value) return;
  const allowed = session.value?.embed?.allowedOrigins ?? [];
  if (!(allowed.length === 0 ? origin === hostOrigin() : allows(origin, allowed))) return;
  if (data.type === "open" && typeof data.conversationId === "string") void open(data.conversationId);
  if (data.type === "close") close();
  if (data.type === "theme") setTheme(data.theme);
  if (data.type === "language" && typeof data.language === "string") void speak(data.language);
  if (data.type === "search" && typeof data.search === "string") void show({ search: data.search });
}

const WAIT_MS = 10_000;
/** @type {(() => void) | null} */
let answered = null;

/** Asks who looks. The question tells nothing, so that anybody may hear it. */
function ask() {
  parent.postMessage({ source: NAME, type: "identity" }, "*");
}

if (parent !== window) {
  addEventListener("message", hear);
  host.ask = () =>
    new Promise((resolve) => {
      answered = () => resolve();
      setTimeout(resolve, WAIT_MS);
      ask();
    });
  ask();
}

/** Begins to speak, if somebody holds us. */
export function talkToHost() {
  if (parent === window) return;
  effect(() => {
    if (ended.value) say("error", { code: ended.value.code });
  });
  if (!session.value) return;
  say("ready", { version: 1 });
  effect(() => say("unread", { count: unreadCount.value, more: unreadMore.value }));
  effect(() => say("conversation", { conversationId: selected.value }));
  effect(() => say("theme", { theme: theme() }));
  new ResizeObserver(() => say("height", { height: document.documentElement.scrollHeight })).observe(document.documentElement);
}
