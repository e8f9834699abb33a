// Begins: a session, the words, the list, the stream; then the page draws itself from the signals.
import { effect, html, render, signal, useEffect } from "./lib.js";
import { choose, has, t } from "./i18n.js";
import { again, begin, ended, keepAlive, may, session, title } from "./session.js";
import { applyTheme } from "./theme.js";
import { announced, connection, follow } from "./live.js";
import { talkToHost } from "./host.js";
import { help, listenForKeys } from "./keys.js";
import { later, LaterDialog } from "./later.js";
import { detailsOpen, watchHistory } from "./navigation.js";
import { load, selected, show, state } from "./store/conversations.js";
import { unreadCount } from "./store/unread.js";
import { wake } from "./store/outbox.js";
import { readInboxes, Sidebar } from "./list/sidebar.js";
import { Notices, tell } from "./ui/dialog.js";
import { Icon } from "./ui/icon.js";

function App() {
  const id = selected.value;
  useEffect(() => {
    if (help.value) (help.value = false), void later("keys");
  }, [help.value]);
  if (!session.value || (ended.value && !id)) return html`<${Ended} />`;
  if (!may.value.readInbox) return html`<main class="whole"><${Icon} name="ban" size=${34} /><h1>${t("forbidden")}</h1><p>${t("forbidden_why")}</p></main>`;
  return html`<main class=${`app ${id ? "has-thread" : ""} ${id && detailsOpen.value && may.value.readDetails ? "has-details" : ""}`}>
    ${ended.value && html`<${EndedBar} />`}
    ${id && html`<h1 class="visually-hidden narrow-only">${title.value || t("inbox")}</h1>`}
    <${Sidebar} />
    ${!id ? html`<${Nothing} />` : opened.value ? html`<${opened.value.Thread} key=${id} id=${id} />` : html`<section class="thread" aria-busy="true" />`}
    ${id && opened.value && detailsOpen.value && may.value.readDetails && html`<${opened.value.Details} id=${id} />`}
    <${LaterDialog} /><${Notices} /><${Announcer} />
  </main>`;
}

/** What an open conversation needs; the list, which everybody sees first, does not wait for it. @type {{ value: { Thread: any, Details: any } | null }} */
const opened = signal(/** @type {any} */ (null));
const AFTER_LIST_MS = 1_500;
let opening = false;

async function readyToOpen() {
  if (opened.value || opening) return;
  opening = true;
  try {
    const [{ Thread }, { Details }] = await Promise.all([import("./thread/thread.js"), import("./details/details.js"), styled("./styles/thread.css")]);
    opened.value = { Thread, Details };
  } catch {
    tell(t("reload"), "bad");
  }
  opening = false;
}

/** @param {string} path */
function styled(path) {
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = new URL(path, import.meta.url).href;
  return new Promise((resolve, reject) => {
    sheet.onload = resolve;
    sheet.onerror = reject;
    document.head.append(sheet);
  });
}

function Nothing() {
  return html`<section class="nothing"><span class="nothing-icon"><${Icon} name="message-square-text" size=${34} /></span><h2>${t("pick")}</h2><p>${t("pick_how")} <kbd>j</kbd> <kbd>k</kbd></p></section>`;
}

/** What the page says when it cannot go on, and how to. */
function Ended() {
  const problem = ended.value;
  if (!problem) return html`<main class="whole" aria-busy="true"><${Icon} name="loader-circle" size=${30} class="spin" /><p>${t("loading")}</p></main>`;
  const away = problem.status === 0;
  return html`<main class="whole"><span class="nothing-icon"><${Icon} name=${away ? "wifi-off" : "link"} size=${32} /></span>
    <h1>${t(away ? "away_title" : "session_over")}</h1><p>${t(away ? "away_why" : has(`ended_${problem.code}`) ? `ended_${problem.code}` : "ended_other")}</p>
    ${away && html`<button type="button" class="button primary" onClick=${() => again().then(start)}>${t("try_again")}</button>`}<${Notices} /></main>`;
}

function EndedBar() {
  return html`<p class="ended-bar" role="alert"><${Icon} name="triangle-alert" size=${16} /> <b>${t("session_over")}</b> ${t(has(`ended_${ended.value?.code}`) ? `ended_${ended.value?.code}` : "ended_other")}</p>`;
}

/** New messages, for who hears the page. */
function Announcer() {
  return html`<div class="visually-hidden" role="log" aria-live="polite">${announced.value.map(({ id, name, text, count }) =>
    html`<p key=${id}>${count > 1 ? t("new_below", { count }) : t("announce", { name, text: text || t("a_message") })}</p>`)}</div>`;
}

let started = false;

function start() {
  if (started || !session.value) return;
  started = true;
  const wish = new URLSearchParams(location.search);
  const status = wish.get("status");
  const filter = wish.get("unread") === "true" || status === "unread" ? "unread" : status === "archived" ? "archived" : "open";
  if (may.value.readInbox) {
    void show({ filter, search: wish.get("search") ?? "" });
    void readInboxes();
    void follow();
  }
  setTimeout(readyToOpen, AFTER_LIST_MS);
  effect(() => {
    if (selected.value) void readyToOpen();
  });
  keepAlive();
  listenForKeys();
  watchHistory();
  talkToHost();
}

effect(() => {
  const name = title.value || t("inbox");
  document.title = unreadCount.value ? `(${unreadCount.value > 99 ? "99+" : unreadCount.value}) ${name}` : name;
});
effect(() => {
  if (!ended.value && session.value && connection.value !== "away") wake();
});
addEventListener("online", () => state.value === "failed" && void load());

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
await Promise.all([choose(), begin()]);
applyTheme();
if (session.value) start();
else talkToHost();
render(html`<${App} />`, root);
