// The left side: what this inbox is, search, filters, and the list.
import { html, signal, useEffect, useRef, useState } from "../lib.js";
import { ask } from "../api.js";
import { language, LANGUAGES, remember, t } from "../i18n.js";
import { address } from "../format.js";
import { connection } from "../live.js";
import { mine, session, title } from "../session.js";
import { show, view } from "../store/conversations.js";
import { unreadCount } from "../store/unread.js";
import { MODES, setTheme, theme } from "../theme.js";
import { IconButton, Menu } from "../ui/dialog.js";
import { ChannelMark, Icon } from "../ui/icon.js";
import { help } from "../keys.js";
import { List } from "./list.js";

/** @type {{ value: import("../types").Inbox[] }} */
export const inboxes = signal(/** @type {import("../types").Inbox[]} */ ([]));

/** Typing is over for a moment. */
const TYPED_MS = 180;

/** The numbers that there are, where that may be known. */
export async function readInboxes() {
  const page = await ask("GET", "/v1/inboxes").catch(() => null);
  if (page) inboxes.value = page.inboxes;
}

export function Sidebar() {
  return html`<section class="sidebar" aria-label=${t("conversations")}>
    <${Head} />
    <${Search} />
    <${Filters} />
    <${List} />
  </section>`;
}

function Head() {
  const [menu, setMenu] = useState(false);
  const { link } = session.value ?? {};
  const number = typeof link?.phoneNumber === "string" ? link.phoneNumber : link?.phoneNumber?.displayPhoneNumber;
  return html`<header class="sidebar-head">
    <span class="logo" aria-hidden="true"><${Icon} name="inbox" size=${18} /></span>
    <div class="sidebar-title"><h1 dir="auto">${title.value || t("inbox")}</h1>
      <p class="sidebar-sub">${number ? html`<bdi>${address(number.replaceAll(/[\s-]/g, ""))}</bdi>` : t("conversations")}</p></div>
    <${Connection} />
    <div class="anchor">
      <${IconButton} icon="settings" label=${t("settings")} aria-expanded=${menu} aria-haspopup="menu" onClick=${() => setMenu(!menu)} />
      ${menu && html`<${Menu} class="below-end" label=${t("settings")} onClose=${() => setMenu(false)} items=${[
        { heading: true, label: t("theme"), onSelect() {} },
        ...MODES.map((mode) => ({ label: t(`theme_${mode}`), checked: theme() === mode, onSelect: () => setTheme(mode, true) })),
        { heading: true, label: t("language"), onSelect() {} },
        ...Object.entries(LANGUAGES).map(([code, name]) => ({ label: name, checked: language.value === code, onSelect: () => remember(code) })),
        { heading: true, label: t("help"), onSelect() {} },
        { label: t("keyboard"), icon: "keyboard", onSelect: () => (help.value = true) },
      ]} />`}
    </div>
  </header>`;
}

function Connection() {
  const state = connection.value;
  return html`<span class=${`connection ${state}`} role="status" title=${t(`connection_${state}`)}><span class="dot" aria-hidden="true" />
    <span class=${state === "away" ? "connection-word" : "visually-hidden"}>${t(`connection_${state}`)}</span></span>`;
}

function Search() {
  const [text, setText] = useState(view.value.search);
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const asked = useRef(view.value.search);
  useEffect(() => {
    if (text === asked.current) return;
    const timer = setTimeout(() => ((asked.current = text), show({ search: text })), TYPED_MS);
    return () => clearTimeout(timer);
  }, [text]);
  // Somebody else asked: the address or the host page.
  useEffect(() => {
    if (view.value.search !== asked.current) setText((asked.current = view.value.search));
  }, [view.value.search]);
  return html`<div class="search" role="search">
    <${Icon} name="search" size=${16} />
    <input ref=${field} id="search" type="search" dir="auto" maxlength="200" value=${text} placeholder=${t("search")} aria-label=${t("search")}
      onInput=${(/** @type {any} */ event) => setText(event.target.value)}
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && (setText(""), field.current?.blur())} />
    ${text ? html`<${IconButton} icon="x" size=${15} label=${t("clear")} onClick=${() => (setText(""), field.current?.focus())} />` : html`<kbd aria-hidden="true">/</kbd>`}
  </div>`;
}

function Filters() {
  const { filter, inboxId } = view.value;
  const filters = /** @type {const} */ (["open", "unread", ...(mine.value ? ["mine"] : []), "archived"]);
  return html`<div class="filters">
    <div class="segments" role="group" aria-label=${t("filter")}>
      ${filters.map((name) => html`<button type="button" key=${name} class="segment" aria-pressed=${filter === name} onClick=${() => show({ filter: /** @type {any} */ (name) })}>
        ${t(`filter_${name}`)}${name === "unread" && unreadCount.value > 0 && html`<span class="segment-count">${unreadCount.value > 99 ? "99+" : unreadCount.value}</span>`}</button>`)}
    </div>
    ${inboxes.value.length > 1 && html`<label class="number"><span class="visually-hidden">${t("number")}</span>
      ${inboxId ? html`<${ChannelMark} channel=${inboxes.value.find((one) => one.id === inboxId)?.channel ?? "text"} />` : html`<${Icon} name="inbox" size=${14} />`}
      <select value=${inboxId} onChange=${(/** @type {any} */ event) => show({ inboxId: event.target.value })}>
        <option value="">${t("all_numbers")}</option>
        ${inboxes.value.map((one) => html`<option key=${one.id} value=${one.id}>${one.name}</option>`)}
      </select><${Icon} name="chevron-down" size=${14} /></label>`}
  </div>`;
}
