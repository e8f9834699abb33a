// The open conversation: head, messages, and where one writes.
import { html, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../lib.js";
import { ask } from "../api.js";
import { t } from "../i18n.js";
import { address, day, nameOf, sameDay } from "../format.js";
import { close, detailsOpen } from "../navigation.js";
import { ended, may, mayArchive } from "../session.js";
import { change, conversation } from "../store/conversations.js";
import { outbox } from "../store/outbox.js";
import { divide, markRead, reach, read, readOlder, thread } from "../store/thread.js";
import { capabilities } from "../composer/capabilities.js";
import { Composer } from "../composer/composer.js";
import { IconButton, tell } from "../ui/dialog.js";
import { Avatar, Icon } from "../ui/icon.js";
import { Message, SendingMessage } from "./message.js";

/** @typedef {import("../types").Message} MessageView */

const NEAR_PX = 120;
const GROUP_MS = 5 * 60_000;

/** @param {{ id: string }} props */
export function Thread({ id }) {
  const held = conversation(id);
  const of = useMemo(() => thread(id), [id]);
  const [reply, setReply] = useState(/** @type {MessageView | null} */ (null));
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    // A screen reader hears whose conversation it is; who writes can go on with Tab or `r`.
    if (!matchMedia("(pointer: coarse)").matches && may.value.sendText) document.getElementById("write")?.focus({ preventScroll: true });
    else heading.current?.focus({ preventScroll: true });
  }, [id]);
  if (!held) return null;
  const one = held.value;
  return html`<section class="thread" aria-labelledby="thread-title">
    <${Head} one=${one} heading=${heading} />
    <${Messages} key=${id} of=${of} one=${one} onReply=${setReply} />
    <${Composer} key=${`c${id}`} one=${one} of=${of} reply=${reply} onReply=${setReply} />
  </section>`;
}

/** @param {any} props */
function Head({ one, heading }) {
  const name = nameOf(one);
  const archived = one.state === "archived";
  const archive = async () => {
    change(one.id, { state: archived ? "open" : "archived" });
    try {
      await ask("PATCH", `/v1/conversations/${one.id}/${archived ? "unarchive" : "archive"}`);
      tell(t(archived ? "unarchived" : "archived"));
    } catch {
      change(one.id, { state: one.state });
      tell(t("not_done"), "bad");
    }
  };
  return html`<header class="thread-head">
    <${IconButton} icon="arrow-left" class="back" label=${t("back")} onClick=${close} />
    <${Avatar} id=${one.contact.id} name=${name} url=${one.contact.avatarUrl} channel=${one.channel} />
    <div class="thread-who" ref=${heading} tabindex="-1"><h2 id="thread-title"><bdi>${name}</bdi></h2>
      <p class="faint"><bdi>${[t(`channel_${one.channel}`), address(one.contact.address, one.channel)].filter((words) => words !== name).join(" · ")}</bdi></p></div>
    ${one.assignee && html`<span class="assignee-chip" title=${t("assigned_to", { name: one.assignee.name })}><${Avatar} id=${one.assignee.userId} name=${one.assignee.name} url=${one.assignee.avatarUrl} size="tiny" /><span>${one.assignee.name}</span></span>`}
    ${mayArchive.value && html`<${IconButton} icon=${archived ? "archive-restore" : "archive"} label=${t(archived ? "unarchive" : "archive")} onClick=${archive} />`}
    ${may.value.readDetails && html`<${IconButton} icon="info" label=${t("details")} aria-expanded=${detailsOpen.value} aria-controls="details" onClick=${() => (detailsOpen.value = !detailsOpen.value)} />`}
  </header>`;
}

/** @param {{ of: import("../store/thread.js").Thread, one: import("../types").Conversation, onReply: (message: MessageView) => void }} props */
function Messages({ of, one, onReply }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const atEnd = useRef(true);
  const before = useRef({ height: 0, first: "", ready: false, shown: 0 });
  const divided = useRef(false);
  const [below, setBelow] = useState(0);
  const all = of.messages.value;
  const messages = useMemo(() => all.filter((message) => !(message.content.type === "reaction" && message.content.messageId)), [all]);
  const byId = useMemo(() => new Map(all.map((message) => [message.id, message])), [all]);
  const pending = outbox.value.filter((sending) => sending.conversationId === of.id && !all.some((message) => message.clientReference === sending.key));
  const ready = of.state.value === "ready";

  if (ready && !divided.current) {
    divided.current = true;
    divide(of, one.unreadCount);
  }
  const toEnd = (smooth = false) => box.current?.scrollTo({ top: box.current.scrollHeight, behavior: smooth ? "smooth" : "instant" });

  useLayoutEffect(() => {
    const el = box.current;
    if (!el || !ready) return;
    const last = before.current;
    const first = messages[0]?.id ?? "";
    if (!last.ready) {
      const divider = el.querySelector(".new-divider");
      if (divider && messages.length > 8) divider.scrollIntoView({ block: "start" });
      else toEnd();
      atEnd.current = el.scrollHeight - el.scrollTop - el.clientHeight < NEAR_PX;
    } else if (first < last.first) el.scrollTop += el.scrollHeight - last.height;
    else if (atEnd.current || pending.some((sending) => Date.now() - Date.parse(sending.at) < 1_000)) toEnd();
    else if (messages.length > last.shown) setBelow((count) => count + messages.length - last.shown);
    before.current = { height: el.scrollHeight, first, ready: true, shown: messages.length };
  }, [messages, pending.length, ready]);

  // Pictures that arrive, and a composer that grows, must not push the newest message away.
  useEffect(() => {
    const el = box.current;
    if (!el) return;
    const watcher = new ResizeObserver(() => {
      if (atEnd.current) toEnd();
      before.current.height = el.scrollHeight;
    });
    watcher.observe(el);
    if (el.firstElementChild) watcher.observe(el.firstElementChild);
    const seen = () => atEnd.current && void markRead(of.id);
    document.addEventListener("visibilitychange", seen);
    return () => (watcher.disconnect(), document.removeEventListener("visibilitychange", seen));
  }, [ready]);
  // Opening it is reading it; what comes later is read once it is in view.
  useEffect(() => {
    if (ready) void markRead(of.id);
  }, [ready]);
  useEffect(() => {
    if (ready && atEnd.current) void markRead(of.id);
  }, [one.unreadCount, messages.length]);

  const look = () => {
    const el = /** @type {HTMLDivElement} */ (box.current);
    atEnd.current = el.scrollHeight - el.scrollTop - el.clientHeight < NEAR_PX;
    if (atEnd.current) {
      if (below) setBelow(0);
      void markRead(of.id);
    }
    if (el.scrollTop < 600) void readOlder(of);
  };
  const jump = useCallback(async (/** @type {string} */ id) => {
    if (!(await reach(of, id))) return tell(t("quote_gone"));
    requestAnimationFrame(() => {
      const el = document.getElementById(id);
      // What was read for it makes the thread taller, which must not lead back to its end.
      atEnd.current = false;
      el?.scrollIntoView({ block: "center" });
      el?.classList.add("flash");
      el?.focus({ preventScroll: true });
      setTimeout(() => el?.classList.remove("flash"), 1_600);
    });
  }, [of]);
  const name = nameOf(one);
  const channel = capabilities(one.inboxId);
  const sendable = may.value.sendText && !ended.value;
  const canReact = sendable && channel.reactions && one.canSend.includes("reaction");
  const canReply = sendable && channel.quotes && one.canSend.length > 0;

  return html`<div class="messages-frame">
    <div class="messages" ref=${box} onScroll=${look} tabindex="0" role="log" aria-live="off" aria-label=${t("messages_with", { name })} aria-busy=${!ready}>
      <div class="messages-inner">
        ${of.state.value === "failed" && html`<div class="empty"><${Icon} name="triangle-alert" size=${28} /><p>${of.problem.value?.status === 403 ? t("forbidden") : t("thread_failed")}</p><button type="button" class="button" onClick=${() => read(of)}>${t("try_again")}</button></div>`}
        ${of.state.value === "loading" && !messages.length && html`<div class="thread-skeleton" aria-hidden="true">${[52, 34, 61, 40, 48].map((width, index) => html`<span key=${index} class=${`bone bubble-bone ${index % 2 ? "end" : ""}`} style=${{ width: `${width}%` }} />`)}</div>`}
        ${ready && of.older.value === "loading" && html`<div class="older"><${Icon} name="loader-circle" class="spin" /></div>`}
        ${of.older.value === "failed" && html`<div class="older"><button type="button" class="button small" onClick=${() => readOlder(of)}>${t("older_failed")}</button></div>`}
        ${ready && of.older.value === "all" && html`<p class="beginning">${t("beginning")}</p>`}
        ${messages.map((message, index) => {
          const previous = messages[index - 1];
          const next = messages[index + 1];
          return html`
            ${(!previous || !sameDay(previous.timestamp, message.timestamp)) && html`<div key=${`d${message.id}`} class="day" role="separator"><time dateTime=${message.timestamp}>${day(message.timestamp)}</time></div>`}
            ${of.divider.value === message.id && html`<div key=${`n${message.id}`} class="new-divider" role="separator"><span>${t("new_messages")}</span></div>`}
            <${Message} key=${message.id} message=${message} quoted=${message.replyTo ? (byId.get(message.replyTo) ?? null) : null} name=${name} canReact=${canReact} canReply=${canReply}
              first=${!groups(previous, message) || of.divider.value === message.id} last=${!groups(message, next)} onReply=${onReply} onJump=${jump} />`;
        })}
        ${pending.map((sending) => html`<${SendingMessage} key=${sending.key} sending=${sending} quoted=${sending.body.replyTo ? (byId.get(sending.body.replyTo) ?? null) : null} name=${name} />`)}
        ${ready && !messages.length && !pending.length && html`<div class="empty"><${Icon} name="message-circle" size=${28} /><p>${t("no_messages")}</p></div>`}
      </div>
    </div>
    ${below > 0 && html`<button type="button" class="to-end" onClick=${() => toEnd(true)}><${Icon} name="arrow-down" size=${15} /> ${t("new_below", { count: below })}</button>`}
    ${ended.value && html`<span class="visually-hidden" role="status">${t("session_over")}</span>`}
  </div>`;
}

/** Whether two messages stand together. @param {MessageView | undefined} a @param {MessageView | undefined} b */
function groups(a, b) {
  return Boolean(a && b && a.direction === b.direction && a.sender.id === b.sender.id && a.sender.viewerId === b.sender.viewerId && a.content.type !== "system" && b.content.type !== "system" && Date.parse(b.timestamp) - Date.parse(a.timestamp) < GROUP_MS && sameDay(a.timestamp, b.timestamp));
}
