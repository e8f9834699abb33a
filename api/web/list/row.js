// One conversation in the list.
import { computed, html, useMemo } from "../lib.js";
import { t } from "../i18n.js";
import { full, nameOf, short } from "../format.js";
import { drafts } from "../store/drafts.js";
import { outbox } from "../store/outbox.js";
import { open } from "../navigation.js";
import { Avatar, Icon } from "../ui/icon.js";

/** @typedef {import("../types").Conversation} Conversation */

/** @param {{ held: { value: Conversation }, place: number, count: number, top: number, current: boolean, reachable: boolean }} props */
export function Row({ held, place, count, top, current, reachable }) {
  const one = held.value;
  const name = nameOf(one);
  const unread = one.unreadCount > 0;
  // What is written or sent elsewhere is no reason to draw this one again.
  const draft = useMemo(() => computed(() => drafts.value[one.id]?.text?.trim()), [one.id]).value;
  const sending = useMemo(() => computed(() => outbox.value.findLast((sending) => sending.conversationId === one.id)), [one.id]).value;
  const closed = one.messagingWindow.state === "CLOSED";
  return html`<li class="row-place" style=${{ transform: `translateY(${top}px)` }} aria-setsize=${count} aria-posinset=${place + 1}>
    <button type="button" class=${`row ${unread ? "unread" : ""} ${current ? "current" : ""}`} data-id=${one.id} aria-current=${current ? "true" : undefined}
      tabindex=${reachable ? 0 : -1} onClick=${() => open(one.id)}>
      <${Avatar} id=${one.contact.id} name=${name} url=${one.contact.avatarUrl} channel=${one.channel} />
      <span class="row-text">
        <span class="row-line"><bdi class="row-name">${name}</bdi>
          <time class="row-time" dateTime=${one.lastMessageDate} title=${full(one.lastMessageDate)}>${short(one.lastMessageDate)}</time></span>
        <span class="row-line"><span class="row-preview" dir="auto">
          ${draft && !current
            ? html`<span class="row-draft">${t("draft")}</span> ${draft}`
            : sending
              ? html`<${Icon} name="clock" size=${13} /> ${sending.body.content.text ?? t(`type_${sending.body.content.type}`)}`
              : one.lastMessage
                ? html`${one.lastMessage.direction === "outbound" && html`<span class="visually-hidden">${t("you")}: </span><${Icon} name="reply" size=${13} />`} ${one.lastMessage.preview}`
                : t("no_messages")}</span>
          <span class="row-marks">
            ${closed && html`<span class="row-closed" title=${t("window_closed")}><${Icon} name="clock" size=${13} /><span class="visually-hidden">${t("window_closed")}</span></span>`}
            ${one.assignee && html`<span class="row-assignee" title=${t("assigned_to", { name: one.assignee.name })}>
              <${Avatar} id=${one.assignee.userId} name=${one.assignee.name} url=${one.assignee.avatarUrl} size="tiny" /><span class="visually-hidden">${t("assigned_to", { name: one.assignee.name })}</span></span>`}
            ${unread && html`<span class="badge"><span aria-hidden="true">${one.unreadCount > 99 ? "99+" : one.unreadCount}</span><span class="visually-hidden">${t("unread", { count: one.unreadCount })}</span></span>`}
          </span></span>
      </span>
    </button>
  </li>`;
}
