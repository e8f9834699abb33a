// One message: a bubble on its side, what it quotes, its reactions, how far it got, and what can be done with it.
import { html, useEffect, useState } from "../lib.js";
import { ask } from "../api.js";
import { t, has } from "../i18n.js";
import { clock, full, moment } from "../format.js";
import { later } from "../later.js";
import { ended, own } from "../session.js";
import { discard, repeat, submit } from "../store/outbox.js";
import { refetch } from "../store/thread.js";
import { IconButton, Popover, tell } from "../ui/dialog.js";
import { Icon } from "../ui/icon.js";
import { Body, summary } from "./contents.js";

/** @typedef {import("../types").Message} MessageView */

const QUICK = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
/** What stands on its own, without a bubble's padding. */
const BARE = ["sticker"];
/** Most messages leave sooner, and need no word about it. */
const STANDS_MS = 5_000;

/**
 * Drawn again only when one of its properties is another, so that a long conversation costs what changes in it.
 * @param {{ message: MessageView, quoted: MessageView | null, name: string, first: boolean, last: boolean, canReact: boolean, canReply: boolean, onReply: (message: MessageView) => void, onJump: (id: string) => void }} props
 */
export function Message({ message, quoted, name, first, last, canReact, canReply, onReply, onJump }) {
  const { content, direction } = message;
  if (content.type === "system") return html`<p class="note" id=${message.id} tabindex="-1" dir="auto">${content.text}</p>`;
  const out = direction === "outbound";
  const who = out ? senderName(message.sender) : name;
  const failed = message.status === "failed";
  return html`<article id=${message.id} tabindex="-1" class=${`message ${out ? "out" : "in"} ${first ? "first" : ""} ${last ? "last" : ""} ${failed ? "failed" : ""} kind-${content.type}`}
    aria-label=${t("message_from", { name: who, time: full(message.timestamp) })}>
    ${first && out && message.sender.name && html`<p class="sender"><bdi>${who}</bdi></p>`}
    <div class="bubble-line">
      <div class=${`bubble ${BARE.includes(content.type) ? "bare" : ""}`}>
        ${message.context?.forwarded && html`<p class="bubble-hint"><${Icon} name="reply" size=${12} class="mirror" /> ${t("forwarded")}</p>`}
        ${message.context?.referral && content.type !== "referral" && html`<p class="bubble-hint"><${Icon} name="megaphone" size=${12} /> ${t("came_by", { title: message.context.referral.headline ?? message.context.referral.sourceType ?? "" })}</p>`}
        ${message.replyTo && html`<${Quote} message=${quoted} name=${name} onPress=${() => onJump(/** @type {string} */ (message.replyTo))} />`}
        <${Body} content=${content} message=${message} />
        <span class="meta">
          ${message.editedAt && !message.deletedAt && html`<span class="edited" title=${full(message.editedAt)}>${t("edited")}</span>`}
          <time dateTime=${message.timestamp} title=${full(message.timestamp)}>${clock(message.timestamp)}</time>
          ${out && html`<${Ticks} status=${message.status} scheduled=${message.scheduledAt} />`}
        </span>
      </div>
      <${Actions} message=${message} canReact=${canReact} canReply=${canReply} onReply=${onReply} />
    </div>
    ${message.reactions.length > 0 && html`<${Reactions} message=${message} />`}
    ${failed && html`<${Failed} message=${message} />`}
    ${message.status === "pending" && out && html`<${Waiting} message=${message} />`}
  </article>`;
}

/** @param {import("../types").Sender} sender */
const senderName = (sender) => sender.name || t(has(`sender_${sender.type}`) ? `sender_${sender.type}` : "you");

/** @param {any} props */
function Quote({ message, name, onPress }) {
  return html`<button type="button" class="quote" onClick=${onPress}>
    <span class="quote-who">${message ? (message.direction === "outbound" ? senderName(message.sender) : name) : t("quoted")}</span>
    <span class="quote-text" dir="auto">${message ? summary(message.content) : t("quote_older")}</span></button>`;
}

const TICKS = { pending: "clock", sent: "check", delivered: "check-check", read: "check-check", failed: "circle-alert" };

/** @param {{ status: import("../types").Status, scheduled?: string | null }} props */
export function Ticks({ status, scheduled }) {
  const icon = scheduled && status === "pending" ? "calendar-clock" : TICKS[status];
  const words = scheduled && status === "pending" ? t("scheduled_for", { time: full(scheduled) }) : t(`status_${status}`);
  return html`<span class=${`ticks ${status}`} role="img" aria-label=${words} title=${words}><${Icon} name=${icon} size=${14} /></span>`;
}

/** @param {any} props */
function Reactions({ message }) {
  return html`<ul class="reactions" aria-label=${t("reactions")}>${message.reactions.map((/** @type {any} */ one) => html`<li key=${one.sender.id} title=${one.sender.name ?? ""}>${one.emoji}</li>`)}</ul>`;
}

/** What a pointer over it, or the focus in it, brings up. @param {any} props */
function Actions({ message, canReact, canReply, onReply }) {
  const [open, setOpen] = useState(false);
  const there = message.content.type !== "deleted" && message.status !== "failed";
  const react = (/** @type {string} */ emoji) => {
    setOpen(false);
    submit(message.conversationId, { content: { type: "reaction", messageId: message.id, emoji } });
  };
  const mine = message.reactions.find((/** @type {any} */ reaction) => reaction.sender.type !== "contact");
  return html`<div class=${`actions ${open ? "open" : ""}`}>
    ${canReact && there && html`<div class="anchor"><${IconButton} icon="face-slightly-smiling-plus" size=${16} label=${t("react")} aria-expanded=${open} onClick=${() => setOpen(!open)} />
      ${open && html`<${Popover} class="quick-reactions" label=${t("react")} onClose=${() => setOpen(false)}>
        ${QUICK.map((emoji) => html`<button key=${emoji} type="button" class="emoji" aria-pressed=${mine?.emoji === emoji} onClick=${() => react(mine?.emoji === emoji ? "" : emoji)}>${emoji}</button>`)}
      </${Popover}>`}</div>`}
    ${canReply && there && html`<${IconButton} icon="reply" size=${16} label=${t("reply")} onClick=${() => (onReply(message), document.getElementById("write")?.focus())} />`}
    ${message.direction === "outbound" && html`<${IconButton} icon="info" size=${16} label=${t("what_happened")} onClick=${() => later("timeline", { id: message.id })} />`}
  </div>`;
}

/** @param {any} props */
function Failed({ message }) {
  const [busy, setBusy] = useState(false);
  const { code, title, retryable } = message.failure ?? { code: "", title: "", retryable: false };
  const retry = async () => {
    setBusy(true);
    try {
      await ask("POST", `/v1/messages/${message.id}/retry`, { key: crypto.randomUUID?.() });
      await refetch(message.id);
    } catch (error) {
      tell(/** @type {any} */ (error).problem?.detail || t("not_done"), "bad");
    }
    setBusy(false);
  };
  return html`<p class="failure"><${Icon} name="circle-alert" size=${14} />
    <span>${has(`failure_${code}`) ? t(`failure_${code}`) : title || t("status_failed")}</span>
    ${retryable !== false && code !== "canceled" && own(message) && !ended.value && html`<button type="button" class="text-button" disabled=${busy} onClick=${retry}>${t("retry")}</button>`}
    <button type="button" class="text-button" onClick=${() => later("timeline", { id: message.id })}>${t("what_happened")}</button></p>`;
}

/** A message that stands still says why, and can be taken back. @param {any} props */
function Waiting({ message }) {
  const left = message.scheduledAt ? 0 : Math.max(0, Date.parse(message.timestamp) + STANDS_MS - Date.now());
  const [, setLate] = useState(false);
  useEffect(() => {
    const timer = left ? setTimeout(() => setLate(true), left + 100) : 0;
    return () => clearTimeout(timer);
  }, [message.timestamp]);
  if (left) return null;
  const cancel = async () => {
    try {
      await ask("POST", `/v1/messages/${message.id}/cancel`, { key: crypto.randomUUID?.() });
      await refetch(message.id);
    } catch (error) {
      tell(/** @type {any} */ (error).problem?.detail || t("not_done"), "bad");
    }
  };
  return html`<p class="waiting"><${Icon} name="clock" size=${13} /> <span>${message.scheduledAt ? t("scheduled_for", { time: moment(message.scheduledAt) }) : t("waiting")}</span>
    ${own(message) && !ended.value && html`<button type="button" class="text-button" onClick=${cancel}>${t("cancel_message")}</button>`}
    <button type="button" class="text-button" onClick=${() => later("timeline", { id: message.id })}>${t("what_happened")}</button></p>`;
}

/** What the API has not answered for yet. @param {any} props */
export function SendingMessage({ sending, quoted, name }) {
  const { content } = sending.body;
  if (content.type === "reaction") return null;
  const refused = sending.state === "refused";
  const shown = sending.preview?.url ? { ...content, url: sending.preview.url } : content;
  return html`<article class=${`message out first last unsettled ${refused ? "failed" : ""} kind-${content.type}`} aria-label=${t("message_from", { name: t("you"), time: full(sending.at) })}>
    <div class="bubble-line"><div class=${`bubble ${BARE.includes(content.type) ? "bare" : ""}`}>
      ${sending.body.replyTo && html`<${Quote} message=${quoted} name=${name} onPress=${() => {}} />`}
      <${Body} content=${shown} message=${null} />
      <span class="meta"><time dateTime=${sending.at}>${clock(sending.at)}</time><span class="ticks pending" role="img" aria-label=${t(refused ? "status_failed" : "sending")}><${Icon} name=${refused ? "circle-alert" : "clock"} size=${14} /></span></span>
    </div></div>
    ${refused && html`<p class="failure"><${Icon} name="circle-alert" size=${14} /><span>${sending.problem?.errors?.[0]?.message ?? sending.problem?.detail}</span>
      <button type="button" class="text-button" onClick=${() => repeat(sending.key)}>${t("retry")}</button>
      <button type="button" class="text-button" onClick=${() => discard(sending.key)}>${t("discard")}</button></p>`}
    ${sending.state === "waiting" && html`<p class="waiting"><${Icon} name="wifi-off" size=${13} /> <span>${t("waiting_connection")}</span><button type="button" class="text-button" onClick=${() => discard(sending.key)}>${t("discard")}</button></p>`}
  </article>`;
}
