// Who is looking: the token from the page's address is exchanged for a session, and leaves the address at once.
import { computed, signal } from "./lib.js";
import { tab } from "./storage.js";

/** @typedef {import("./types").Session} Session */
/** @typedef {import("./types").Permissions} Permissions */

/** @type {{ value: Session | null }} */
export const session = signal(/** @type {Session | null} */ (null));
/** Why there is no session (any more); the page says how to go on. @type {{ value: import("./types").Problem | null }} */
export const ended = signal(/** @type {import("./types").Problem | null} */ (null));

/** The token that sessions are made of; kept so that a day's work is not cut every hour. @type {string | null} */
let origin = null;
/** @type {Promise<boolean> | null} */
let renewal = null;

/** Asks the page that holds this one in a frame who looks, and waits for `identify`, but not for ever. @type {{ ask: () => Promise<void> }} */
export const host = { ask: async () => {} };
/** The token by which it has said so, and the one that the session is of; in memory only, for they are soon too old. @type {string | null} */
let viewerToken = null;
/** @type {string | null} */
let usedViewerToken = null;
const NEEDS_VIEWER = ["viewer_identity_required", "viewer_token_expired"];

const ALL = { readInbox: true, readDetails: true, markRead: true, sendText: true, sendMedia: true, sendTemplates: true, sendAdvanced: true };
const NONE = /** @type {Permissions} */ (/** @type {unknown} */ (Object.fromEntries(Object.keys(ALL).map((name) => [name, false]))));

/** @type {{ value: Permissions }} */
export const may = computed(() => {
  const given = session.value?.link?.permissions ?? session.value?.embed?.permissions;
  return given ? { ...NONE, ...given } : ALL;
});
export const mayArchive = computed(() => session.value?.kind === "embed");
/** Whose conversations an embed shows, if only somebody's. */
export const mine = computed(() => session.value?.embed?.assignedUserId ?? null);
/** Whether a message was sent from here: only such are tried again or taken back from here. @param {import("./types").Message} message */
export const own = ({ sender }) => sender.id === (session.value?.link?.id ?? session.value?.embed?.id);
export const title = computed(() => session.value?.link?.name ?? session.value?.embed?.name ?? session.value?.embed?.scopeName ?? "");

/** Takes the token out of the address, where it is seen by history, referrers and whoever looks over a shoulder. */
function takeToken() {
  const [, root, token] = location.pathname.match(/^(.*\/(?:shared\/inbox|embed))(?:\/([^/]+))?\/?$/) ?? [];
  if (!root) return null;
  if (!token) return tab.get("origin");
  tab.remove("session");
  tab.set("origin", token);
  history.replaceState(null, "", root + location.search);
  return token;
}

/** Begins: with the token in the address, or after a reload with what this tab still has. @returns {Promise<void>} */
export async function begin() {
  origin = takeToken();
  const kept = /** @type {Session | null} */ (tab.get("session"));
  if (kept && Date.parse(kept.expiresAt) > Date.now() + 60_000) {
    session.value = kept;
    return;
  }
  if (!origin) {
    ended.value = { status: 401, code: "no_token", detail: "" };
    return;
  }
  await renew();
}

/** One exchange at a time. */
function renew() {
  return (renewal ??= exchange().finally(() => (renewal = null)));
}

async function post() {
  const token = viewerToken;
  const response = await fetch("/v1/shared-inbox/sessions", {
    method: "POST",
    credentials: "omit",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(token ? { token: origin, viewerToken: token } : { token: origin }),
    signal: AbortSignal.timeout(20_000),
  }).catch(() => null);
  const body = await response?.json().catch(() => null);
  if (response?.ok) usedViewerToken = token;
  return { ok: response?.ok ?? false, token, body, problem: { status: response?.status ?? 0, code: "unreachable", detail: "", ...body } };
}

/** @returns {Promise<boolean>} */
async function exchange() {
  // Who has looked so far goes on only by a fresh token.
  if (session.value?.viewer && viewerToken === usedViewerToken) await host.ask();
  let answer = await post();
  if (!answer.ok && NEEDS_VIEWER.includes(answer.problem.code)) {
    if (viewerToken === answer.token) await host.ask();
    if (viewerToken !== answer.token) answer = await post();
  }
  if (answer.ok) {
    session.value = answer.body.data;
    ended.value = null;
    tab.set("session", session.value);
    return true;
  }
  const { problem } = answer;
  // A server that is away says nothing about the link; asking again may help.
  if (problem.status >= 400 && problem.status < 500 && problem.status !== 429) end(problem);
  else if (!session.value) ended.value = { ...problem, status: 0 };
  return false;
}

/** @param {import("./types").Problem} problem */
function end(problem) {
  ended.value = problem;
  tab.remove("session");
}

/**
 * Whether there is another session than the one that was refused, or can be.
 * @param {string | undefined} used
 * @param {import("./types").Problem} problem
 */
export async function renewed(used, problem) {
  if (session.value && session.value.token !== used) return true;
  if (!origin) {
    end(problem);
    return false;
  }
  return renew();
}

/** The page that holds this one says who looks: the session is that viewer's from now on. @param {string} token */
export async function identify(token) {
  viewerToken = token;
  await renewal;
  if (origin && usedViewerToken !== viewerToken) await renew();
}

/** Again, after the page could not begin. */
export async function again() {
  ended.value = null;
  if (!(await renew()) && !ended.value && !session.value) ended.value = { status: 0, code: "unreachable", detail: "" };
}

/** Renews a session a few minutes before it ends. */
export function keepAlive() {
  setInterval(() => {
    const now = session.value;
    if (now && origin && !ended.value && Date.parse(now.expiresAt) - Date.now() < 300_000) void renewed(now.token, { status: 401, code: "expired", detail: "" });
  }, 60_000);
}
