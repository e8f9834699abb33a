// Where one writes: words, emoji, files, templates and things to press; only what may be sent now is offered.
import { html, useEffect, useLayoutEffect, useRef, useSignal, useState } from "../lib.js";
import { has, t } from "../i18n.js";
import { lasting, nameOf, remaining } from "../format.js";
import { Later, later } from "../later.js";
import { ended, may } from "../session.js";
import { capabilities } from "./capabilities.js";
import { measure, segments } from "./length.js";
import { draft, drafts } from "../store/drafts.js";
import { submit } from "../store/outbox.js";
import { summary } from "../thread/contents.js";
import { IconButton, Menu, Popover, tell } from "../ui/dialog.js";
import { Icon } from "../ui/icon.js";
import { attach, Attachments } from "./attachments.js";

/** @typedef {import("../types").Conversation} Conversation */
/** @typedef {import("../types").Message} Message */

const WARNED_MS = 4 * 3_600_000;
const MEDIA = ["image", "video", "audio", "document", "sticker"];
/** Shown from here on. */
const COUNTED = 300;

/** What may be sent now, by the permissions and by the channel. @param {Conversation} one @param {boolean} held */
function sendable(one, held) {
  const channel = capabilities(one.inboxId);
  const { sendText, sendMedia, sendTemplates, sendAdvanced } = may.value;
  const can = (/** @type {string} */ type) => one.canSend.includes(type) || (held && channel.contentTypes.includes(type) && type !== "template");
  return {
    text: sendText && can("text"),
    media: sendMedia ? MEDIA.filter(can) : [],
    // Other channels' templates cannot be listed, so that nobody could fill one in.
    template: sendTemplates && one.channel === "whatsapp" && one.canSend.includes("template"),
    interactive: sendAdvanced && can("interactive"),
    location: sendAdvanced && can("location"),
    contacts: sendAdvanced && can("contacts"),
  };
}

/** @param {{ one: Conversation, of: import("../store/thread.js").Thread, reply: Message | null, onReply: (message: Message | null) => void }} props */
export function Composer({ one, of, reply, onReply }) {
  const begun = drafts.value[one.id];
  const [text, setText] = useState(begun?.text ?? "");
  const [hold, setHold] = useState(false);
  const [panel, setPanel] = useState(/** @type {"" | "emoji" | "more"} */ (""));
  const [over, setOver] = useState(false);
  const files = useSignal(/** @type {import("./attachments.js").Attachment[]} */ ([]));
  const field = useRef(/** @type {HTMLTextAreaElement | null} */ (null));
  const picker = useRef(/** @type {HTMLInputElement | null} */ (null));
  const closed = one.messagingWindow.state === "CLOSED" && !one.canSend.includes("text");
  const held = closed && hold;
  const can = sendable(one, held);
  const channel = capabilities(one.inboxId);
  const length = measure(text, channel.text);

  useEffect(() => {
    const id = begun?.replyTo;
    const quoted = id && of.messages.value.find((message) => message.id === id);
    onReply(quoted || null);
  }, [one.id]);
  useEffect(() => {
    if (text !== (drafts.value[one.id]?.text ?? "") || (reply?.id ?? null) !== (drafts.value[one.id]?.replyTo ?? null)) draft(one.id, { text, replyTo: reply?.id ?? null });
  }, [text, reply]);
  useLayoutEffect(() => {
    const el = field.current;
    if (!el) return;
    el.style.height = "auto";
    el.style.height = `${Math.min(el.scrollHeight, 220)}px`;
  }, [text, closed, hold]);
  useEffect(() => () => files.value.forEach((file) => file.abort.abort()), []);

  const body = (/** @type {any} */ content, quote = true) => ({ content, ...(quote && reply ? { replyTo: reply.id } : {}), ...(held ? { onClosedWindow: "hold" } : {}) });
  const ready = files.value.every((file) => file.media.value);
  const words = text.trim();
  const tooLong = length > channel.text.maxLength;
  const send = () => {
    if (ended.value || tooLong || (!words && !files.value.length)) return;
    if (!ready) return tell(t("wait_for_upload"));
    const first = files.value.find((file) => file.maxCaption > 0);
    const caption = first && words && [...words].length <= first.maxCaption ? words : "";
    let quote = true;
    for (const file of files.value) {
      const media = /** @type {NonNullable<typeof file.media.value>} */ (file.media.value);
      const content = { type: file.type, mediaId: media.id, ...(file.type === "document" ? { filename: file.file.name } : {}), ...(file === first && caption ? { caption } : {}) };
      submit(one.id, body(content, quote), { url: media.url, name: file.file.name });
      quote = false;
    }
    if (words && !caption) submit(one.id, body({ type: "text", text: words }, quote));
    files.value = [];
    setText("");
    onReply(null);
    setHold(false);
    field.current?.focus();
  };
  const insert = (/** @type {string} */ emoji) => {
    const el = field.current;
    const at = el?.selectionStart ?? text.length;
    setText(text.slice(0, at) + emoji + text.slice(el?.selectionEnd ?? at));
    requestAnimationFrame(() => (el?.focus(), el?.setSelectionRange(at + emoji.length, at + emoji.length)));
  };
  const add = (/** @type {Iterable<File>} */ list) => can.media.length > 0 && !ended.value && attach(files, list, can.media, channel);
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && (!matchMedia("(pointer: coarse)").matches || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape" && reply) {
      event.stopPropagation();
      onReply(null);
    }
  };
  const onPaste = (/** @type {ClipboardEvent} */ event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (!pasted.length) return;
    event.preventDefault();
    add(pasted);
  };

  const special = [
    can.template && { label: t("send_template"), icon: "layout-template", onSelect: () => later("templates", { one }) },
    can.interactive && { label: t("send_interactive"), icon: "mouse-pointer-click", onSelect: () => later("interactive", { one, body }) },
    can.location && { label: t("send_location"), icon: "map-pin", onSelect: () => later("location", { one, body, kind: "location" }) },
    can.contacts && { label: t("send_contact"), icon: "contact", onSelect: () => later("location", { one, body, kind: "contacts" }) },
  ].filter(Boolean);
  const mute = !can.text && !can.media.length && !special.length;

  if (ended.value) return html`<${Over} text=${text} />`;
  if (mute && !closed) return html`<footer class="composer"><p class="composer-note"><${Icon} name="info" size=${16} /> ${t(one.canSend.length ? "may_not_send" : "cannot_send")}</p></footer>`;
  if (closed && !hold) return html`<${Closed} one=${one} channel=${channel} template=${can.template} onHold=${may.value.sendText ? () => (setHold(true), requestAnimationFrame(() => field.current?.focus())) : null} words=${words} />`;
  return html`<footer class=${`composer ${over ? "over" : ""}`}
    onDragOver=${(/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") && can.media.length && (event.preventDefault(), setOver(true))}
    onDragLeave=${() => setOver(false)}
    onDrop=${(/** @type {DragEvent} */ event) => (event.preventDefault(), setOver(false), add(event.dataTransfer?.files ?? []))}>
    ${held && html`<p class="composer-note held"><${Icon} name="clock" size=${15} /> <span>${t("holding", { name: nameOf(one) })}</span> <button type="button" class="text-button" onClick=${() => setHold(false)}>${t("cancel")}</button></p>`}
    ${!closed && closesSoon(one) && html`<p class="composer-note"><${Icon} name="clock" size=${15} /> ${t("window_closes", { time: remaining(/** @type {string} */ (one.messagingWindow.expiresAt)) })}</p>`}
    ${reply && html`<div class="composer-reply"><div class="quote still"><span class="quote-who">${t("replying_to", { name: reply.direction === "outbound" ? t("yourself") : nameOf(one) })}</span><span class="quote-text" dir="auto">${summary(reply.content)}</span></div>
      <${IconButton} icon="x" size=${16} label=${t("no_quote")} onClick=${() => onReply(null)} /></div>`}
    <${Attachments} all=${files} />
    <div class="composer-box">
      <textarea id="write" ref=${field} rows="1" dir="auto" value=${text} disabled=${!can.text && !can.media.length} placeholder=${can.text ? t(held ? "write_held" : "write") : t("write_caption")} aria-label=${t("write_to", { name: nameOf(one) })}
        onInput=${(/** @type {any} */ event) => setText(event.target.value)} onKeyDown=${onKey} onPaste=${onPaste}></textarea>
      <div class="composer-tools">
        ${can.media.length > 0 && html`<${IconButton} icon="paperclip" label=${t("attach")} onClick=${() => picker.current?.click()} />
          <input ref=${picker} type="file" multiple class="visually-hidden" tabindex="-1" aria-label=${t("attach")} onChange=${(/** @type {any} */ event) => (add([...event.target.files]), (event.target.value = ""))} />`}
        <div class="anchor"><${IconButton} icon="face-slightly-smiling" label=${t("emoji")} aria-expanded=${panel === "emoji"} onClick=${() => setPanel(panel === "emoji" ? "" : "emoji")} />
          ${panel === "emoji" && html`<${Popover} class="emoji-panel above" label=${t("emoji")} onClose=${() => setPanel("")}><${Later} name="emoji" onPick=${insert} /></${Popover}>`}</div>
        ${special.length > 0 && html`<div class="anchor"><${IconButton} icon="plus" label=${t("more_kinds")} aria-haspopup="menu" aria-expanded=${panel === "more"} onClick=${() => setPanel(panel === "more" ? "" : "more")} />
          ${panel === "more" && html`<${Menu} class="above" label=${t("more_kinds")} items=${special} onClose=${() => setPanel("")} />`}</div>`}
        <span class=${`counter ${tooLong ? "bad" : ""}`} role="status">${counted(one, text, length, channel.text, files.value.length > 0)}</span>
        <span class="hint-keys" aria-hidden="true">${t("enter_hint")}</span>
        <button type="button" class="send" aria-label=${t(held ? "hold" : "send")} title=${t(held ? "hold" : "send")} disabled=${tooLong || (!words && !files.value.length)} onClick=${send}><${Icon} name=${held ? "clock" : "send-horizontal"} size=${18} class="mirror-rtl" /></button>
      </div>
    </div>
    ${over && html`<div class="drop" aria-hidden="true"><${Icon} name="paperclip" size=${22} /> ${t("drop")}</div>`}
  </footer>`;
}

/** @param {Conversation} one */
function closesSoon({ messagingWindow: { state, expiresAt } }) {
  const left = expiresAt ? Date.parse(expiresAt) - Date.now() : Infinity;
  return state === "OPEN" && left > 0 && left < WARNED_MS;
}

/** How much was written, where that matters. @param {Conversation} one @param {string} text @param {number} length @param {import("./length.js").Limit} limit @param {boolean} files */
function counted(one, text, length, { maxLength, unit }, files) {
  const near = length > maxLength - COUNTED ? t(`counter_${unit}`, { length, most: maxLength }) : "";
  const parts = one.channel === "text" && !files && text.trim() ? t("segments", { count: segments(text.trim()) }) : "";
  return [near, parts].filter(Boolean).join(" · ");
}

/** Why nothing may be written now. @param {Conversation} one @param {import("./capabilities.js").Capabilities} channel */
function why(one, channel) {
  const only = channel.templates ? "" : "_only";
  return t(`window_${one.messagingWindow.expiresAt ? "closed" : "never"}_why${only}`, { name: nameOf(one), time: lasting(channel.replyWindowSeconds ?? 86_400) });
}

/** @param {any} props */
function Closed({ one, channel, template, onHold, words }) {
  return html`<footer class="composer"><div class="closed" role="status">
    <span class="closed-icon"><${Icon} name="clock" size=${20} /></span>
    <div class="closed-text"><b>${t("window_closed")}</b><p>${why(one, channel)}</p>
      ${words && html`<p class="faint" dir="auto">${t("draft")}: ${words.slice(0, 140)}</p>`}</div>
    <div class="closed-actions">
      ${template && html`<button type="button" class="button primary" onClick=${() => later("templates", { one })}><${Icon} name="layout-template" size=${16} /> ${t("send_template")}</button>`}
      ${onHold && html`<button type="button" class="button" onClick=${onHold}>${t("hold_message")}</button>`}
    </div></div></footer>`;
}

/** The session is over; what was written stays and can be taken along. @param {{ text: string }} props */
function Over({ text }) {
  const code = ended.value?.code ?? "";
  return html`<footer class="composer"><div class="closed over-notice" role="alert">
    <span class="closed-icon"><${Icon} name="triangle-alert" size=${20} /></span>
    <div class="closed-text"><b>${t("session_over")}</b><p>${t(has(`ended_${code}`) ? `ended_${code}` : "ended_other")}${text.trim() ? ` ${t("draft_kept")}` : ""}</p></div>
    ${text.trim() && html`<div class="closed-actions"><button type="button" class="button" onClick=${() => navigator.clipboard?.writeText(text).then(() => tell(t("copied")))}><${Icon} name="copy" size=${16} /> ${t("copy_draft")}</button></div>`}
    ${text.trim() && html`<textarea id="write" readonly rows="3" dir="auto" aria-label=${t("draft")}>${text}</textarea>`}
  </div></footer>`;
}
