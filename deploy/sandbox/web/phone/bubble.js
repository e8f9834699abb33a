// One message: its parts, what can be pressed, reactions, ticks, and what the contact can do with it.
import { Fragment, html, useState } from "../base/html.js";
import { Icon } from "../base/icons.js";
import { Menu } from "../base/menu.js";
import { Sheet } from "../base/sheet.js";
import { Parts, safe } from "./parts.js";
import { say, speak, store } from "./state.js";
import { summary } from "./thread.js";
import { time } from "./times.js";

export const EMOJIS = ["👍", "❤️", "😂", "😮", "😢", "🙏"];
const TICKS = { accepted: "clock", queued: "clock", sent: "tick", received: "tick", delivered: "ticks", read: "ticks", failed: "failed", undelivered: "failed" };

export function Bubble({ item, chat, channel }) {
  const { entry, said } = item;
  const mine = entry.from === "contact";
  const who = mine ? "You" : "Business";
  const actions = (list) => html`<${Actions} list=${list} chat=${chat} live=${!mine} />`;
  const pictures = said.parts?.some((part) => part.as === "file" && ["image", "video"].includes(part.kind));
  const sticker = said.parts?.every((part) => part.as === "file" && part.kind === "sticker");
  return html`<li class=${`row ${mine ? "mine" : "theirs"} ${item.first ? "first" : ""}`} id=${`m-${entry.id}`} data-id=${entry.id}>
    <div class=${`bubble ${pictures ? "pictured" : ""} ${sticker ? "bare" : ""}`}>
      <span class="unseen">${who}: </span>
      ${said.forwarded && html`<p class="faint forwarded"><${Icon} name="reply" /> Forwarded</p>`}
      ${item.quoted && html`<${Quote} item=${item.quoted} id=${said.quote} />`}
      ${said.referral && html`<${Referral} ...${said.referral} />`}
      ${item.deleted ? html`<p class="words faint"><em>Deleted</em></p>` : html`<${Parts} parts=${said.parts} actions=${actions} />`}
      <${Foot} item=${item} mine=${mine} />
      ${!item.deleted && actions(said.actions)}
      <${Reactions} item=${item} />
    </div>
    ${!item.deleted && html`<${Can} item=${item} chat=${chat} channel=${channel} mine=${mine} />`}
  </li>`;
}

const Foot = ({ item, mine }) => html`<span class="foot">${item.edited && "edited "}${!mine && html`<${Fate} status=${item.entry.status} />`}<time datetime=${item.entry.at}>${time(item.entry.at)}</time>
  <span class=${`tick ${item.entry.status}`} title=${item.entry.status}><${Icon} name=${TICKS[item.entry.status] ?? "tick"} label=${mine ? item.entry.status : undefined} /></span>
</span>`;

// Where a message of the business is; one that failed would not be on a real phone at all.
const FATES = { accepted: "on its way", queued: "on its way", sent: "on its way", failed: "did not arrive", undelivered: "did not arrive", read: "read" };
const Fate = ({ status }) => FATES[status] && html`<span class=${FATES[status].startsWith("did") ? "lost-note" : ""}>${FATES[status]} </span>`;

function Reactions({ item }) {
  const given = Object.entries(item.reactions).filter(([, emoji]) => emoji);
  if (!given.length) return null;
  const said = given.map(([who, emoji]) => `${who === "contact" ? "you" : "the business"} ${emoji}`).join(", ");
  return html`<span class="reactions" role="img" aria-label=${`Reactions: ${said}`}>${given.map(([, emoji]) => emoji).join("")}</span>`;
}

function Quote({ item, id }) {
  const jump = () => {
    const found = document.getElementById(`m-${id}`);
    found?.scrollIntoView({ block: "center" });
    found?.animate?.([{ opacity: 0.3 }, { opacity: 1 }], { duration: 700 });
  };
  if (item.missing) return html`<p class="quoted faint">An earlier message</p>`;
  return html`<button type="button" class="quoted" onClick=${jump}>
    <b>${item.entry.from === "contact" ? "You" : "Business"}</b><span dir="auto">${summary(item.said)}</span></button>`;
}

const Referral = ({ headline, body, source_url: url, source_type: type }) => html`<div class="card referral">
  <small>From ${type === "post" ? "a post" : "an ad"}</small><b dir="auto">${headline ?? "Advertisement"}</b>
  ${body && html`<span dir="auto">${body}</span>`}${safe(url) && html`<small dir="auto">${url}</small>`}</div>`;

function Actions({ list, chat, live }) {
  const [open, setOpen] = useState(null);
  if (!list?.length) return null;
  const close = () => setOpen(null);
  const press = async (action) => {
    if (action.does === "answer") speak(chat, action.send);
    if (action.does === "list" || action.does === "form") setOpen(action);
    if (action.does === "compose") store.set({ compose: action });
    if (action.does === "copy") {
      await navigator.clipboard?.writeText(action.value).catch(() => {});
      say(`Copied: ${action.value}`);
    }
  };
  return html`<div class="actions">${list.map((action) => {
    const icon = ICONS[action.does];
    const inside = html`<${Fragment}>${icon && html`<${Icon} name=${icon} />`}<span dir="auto">${action.label}</span><//>`;
    const href = safe(action.href);
    if (href && live) return html`<a class="action" href=${href} target="_blank" rel="noopener noreferrer">${inside}</a>`;
    return html`<button type="button" class="action" disabled=${!live || action.does === "none" || action.does === "link"} onClick=${() => press(action)}>${inside}</button>`;
  })}
  ${open?.does === "list" && html`<${List} action=${open} chat=${chat} close=${close} />`}
  ${open?.does === "form" && html`<${Form} action=${open} chat=${chat} close=${close} />`}</div>`;
}

const ICONS = { link: "link", call: "call", copy: "copy", list: "list", form: "form", compose: "location" };

const List = ({ action, chat, close }) => html`<${Sheet} title=${action.label} close=${close}>
  ${action.sections.map((section) => html`<section class="choices">${section.title && html`<h3 dir="auto">${section.title}</h3>`}
    ${section.rows.map((row) => html`<button type="button" class="choice" onClick=${() => speak(chat, row.send).then(close)}>
      <b dir="auto">${row.title}</b>${row.description && html`<small dir="auto">${row.description}</small>`}</button>`)}</section>`)}
<//>`;

// The sandbox does not know a form's fields; a contact fills in what it likes.
function Form({ action, chat, close }) {
  const submit = (event) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(event.target));
    speak(chat, action.send({ [given.field || "answer"]: given.answer })).then(close);
  };
  return html`<${Sheet} title=${action.label} close=${close}><form class="fields" onSubmit=${submit}>
    <label>Field<input name="field" defaultValue="answer" autocomplete="off" /></label>
    <label>Answer<input name="answer" defaultValue="Yes, please" autocomplete="off" /></label>
    <button class="main" type="submit">Submit</button></form><//>`;
}

function Can({ item, chat, channel, mine }) {
  const can = (type) => channel.types.includes(type);
  const { entry, said } = item;
  const react = (emoji) => speak(chat, { type: "reaction", reaction: { message_id: entry.id, emoji } });
  const words = said.parts?.find((part) => part.as === "text")?.text;
  const options = [
    can("reply") && { icon: "reply", label: "Reply", run: () => store.set({ about: { does: "reply", entry, said } }) },
    mine && words && can("edit") && { icon: "edit", label: "Edit", run: () => store.set({ about: { does: "edit", entry, said, words } }) },
    mine && can("revoke") && { icon: "bin", label: "Delete for everyone", run: () => speak(chat, { type: "revoke", revoke: { original_message_id: entry.id } }) },
  ].filter(Boolean);
  if (!options.length && !can("reaction")) return null;
  const own = item.reactions.contact;
  const top = can("reaction") && html`<div class="emojis" role="group" aria-label="React">${EMOJIS.map(
    (emoji) => html`<button type="button" aria-pressed=${own === emoji} aria-label=${own === emoji ? `Take ${emoji} back` : `React ${emoji}`} onClick=${() => react(own === emoji ? "" : emoji)}>${emoji}</button>`,
  )}</div>`;
  return html`<${Menu} class="can" label=${`Options for: ${summary(said).slice(0, 60)}`} icon="down" options=${options} top=${top} />`;
}
