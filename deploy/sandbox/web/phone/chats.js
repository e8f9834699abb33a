// The phone's first screen: who holds it, and a chat for each inbox on each channel.
import { html } from "../base/html.js";
import { Icon } from "../base/icons.js";
import { describe } from "./channels/index.js";
import { initial } from "./parts.js";
import { entriesOf, holder, isOpen, openChat, store, unread } from "./state.js";
import { summary } from "./thread.js";
import { shortDay } from "./times.js";

export function chatsOf(state) {
  const chats = state.channels.flatMap((channel) =>
    channel.senders.map((sender) => row(state, channel, sender)),
  );
  // What can never write first and never wrote is no chat.
  return chats.filter((chat) => chat.last || !chat.sender.oneWay).sort((one, other) => (other.last?.n ?? 0) - (one.last?.n ?? 0));
}

function row(state, channel, sender) {
  const chat = { channel: channel.channel, with: sender.id };
  const entries = entriesOf(state, chat);
  return { chat, channel, sender, last: entries.at(-1), count: isOpen(state, chat) ? 0 : unread(state, chat, entries), typing: state.typing[channel.channel]?.includes(sender.id) };
}

export function Chats({ choose }) {
  const state = store.use((all) => all);
  const chats = chatsOf(state);
  const me = holder(state);
  return html`<section class="screen" aria-label="Chats">
    <header class="head first">
      <button type="button" class="me" onClick=${choose} aria-label=${`You are ${me.name}. Change`}>
        <span class="avatar own" aria-hidden="true">${initial(me.name)}</span>
        <span class="who"><b dir="auto">${me.name}</b><small>${/^\d/.test(me.address) ? `+${me.address}` : me.address}</small></span><${Icon} name="down" /></button>
    </header>
    <div class="room list" tabindex="0" role="region" aria-label="List of chats">
      <h2>Chats</h2>
      ${state.loaded && !chats.length && html`<p class="empty">The sandbox plays no inbox. Add an account first.</p>`}
      ${!state.loaded && html`<div class="waiting" aria-hidden="true"><i></i><i></i><i></i></div>`}
      <ul class="chats">${chats.map((one) => html`<${Row} key=${one.chat.channel + one.chat.with} ...${one} />`)}</ul>
    </div>
  </section>`;
}

function Row({ chat, channel, sender, last, count, typing }) {
  const said = last && summary(describe(chat.channel, last, sender));
  const line = typing ? "typing…" : said ? `${last.from === "contact" ? "You: " : ""}${said}` : "No messages yet";
  return html`<li><button type="button" class="chat" onClick=${() => openChat(chat)}>
    <span class=${`avatar ${chat.channel}`} aria-hidden="true">${initial(sender.name)}</span>
    <span class="about-chat"><b dir="auto">${sender.name}</b><small class=${`channel ${chat.channel}`}>${channel.name} · ${sender.address}</small>
      <span class=${`line ${typing ? "typing-line" : ""}`} dir="auto">${line}</span></span>
    <span class="side">${last && html`<time datetime=${last.at}>${shortDay(last.at)}</time>`}
      ${count > 0 && html`<span class="badge">${count}<span class="unseen"> unread</span></span>`}</span>
  </button></li>`;
}
