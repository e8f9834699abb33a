// One chat: its head, its messages, and where to write.
import { html, useLayoutEffect, useMemo, useRef } from "../base/html.js";
import { Icon } from "../base/icons.js";
import { Menu } from "../base/menu.js";
import { Bubble } from "./bubble.js";
import { Composer } from "./composer.js";
import { initial } from "./parts.js";
import { ends, entriesOf, openChat, read, setReads, store } from "./state.js";
import { thread } from "./thread.js";
import { dayName } from "./times.js";

export function Chat({ chat }) {
  const state = store.use((all) => all);
  const { channel, sender } = ends(state, chat);
  const entries = state.messages[chat.channel];
  const items = useMemo(() => thread(chat.channel, entriesOf(state, chat), sender), [entries, state.channels, chat.with]);
  const typing = state.typing[chat.channel]?.includes(chat.with);
  return html`<section class="screen" aria-label=${`Chat with ${sender.name}`}>
    <${Head} channel=${channel} sender=${sender} typing=${typing} reads=${state.reads} />
    <${Messages} key=${chat.channel + chat.with} items=${items} chat=${chat} channel=${channel} typing=${typing} loaded=${state.loaded} />
    <${Composer} key=${chat.channel + chat.with + state.me} chat=${chat} channel=${channel} sender=${sender} />
  </section>`;
}

function Head({ channel, sender, typing, reads }) {
  const options = [
    { icon: "ticks", label: reads ? "Stop reading by itself" : "Read by itself", run: () => setReads(!reads) },
    !reads && { icon: "tick", label: "Read now", run: read },
  ].filter(Boolean);
  return html`<header class="head">
    <button type="button" class="icon back" aria-label="All chats" title="All chats" onClick=${() => openChat(null)}><${Icon} name="back" /></button>
    <span class=${`avatar ${channel.channel}`} aria-hidden="true">${initial(sender.name)}</span>
    <div class="who"><h2 dir="auto">${sender.name}</h2><p>${typing ? "typing…" : `${channel.name} · ${sender.address}`}</p></div>
    ${channel.readReceipts && html`<${Menu} label="Options of the chat" icon="more" options=${options} />`}
  </header>`;
}

const NEAR = 80;

function Messages({ items, chat, channel, typing, loaded }) {
  const room = useRef(null);
  const below = useRef(true);
  const count = items.length;
  // New messages keep the end in view only for those who were there, or who wrote.
  const mine = items.at(-1)?.entry.from === "contact";
  useLayoutEffect(() => {
    if (below.current || mine) room.current.scrollTop = room.current.scrollHeight;
  }, [count, mine, typing]);
  const loadedMedia = () => below.current && (room.current.scrollTop = room.current.scrollHeight);
  const scrolled = ({ target }) => (below.current = target.scrollTop + target.clientHeight > target.scrollHeight - NEAR);
  return html`<div class="room" ref=${room} tabindex="0" role="region" aria-label="Messages" onScroll=${scrolled} onLoadCapture=${loadedMedia} onLoadedMetadataCapture=${loadedMedia}>
    ${loaded && !count && html`<p class="empty">No messages yet. Write something, or let the inbox write first.</p>`}
    <ol class="messages" aria-live="polite" aria-relevant="additions">${items.map((item) => [
      item.day && html`<li class="day" key=${`day ${item.day}`}><span>${dayName(item.day)}</span></li>`,
      item.note
        ? html`<li class="day note" key=${item.entry.id}><span dir="auto">${item.note}</span></li>`
        : html`<${Bubble} key=${item.entry.id} item=${item} chat=${chat} channel=${channel} />`,
    ])}
    ${typing && html`<li class="row theirs first typing"><div class="bubble"><span class="unseen">The business is typing</span><i></i><i></i><i></i></div></li>`}</ol>
  </div>`;
}
