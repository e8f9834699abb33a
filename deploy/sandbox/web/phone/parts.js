// The parts of a bubble: words, files, places, people, orders, cards.
import { file } from "../base/api.js";
import { html, useState } from "../base/html.js";
import { Icon } from "../base/icons.js";
import { Rich } from "./rich.js";

export const Parts = ({ parts, actions }) =>
  (parts ?? []).map((part, place) => html`<${SHOWN[part.as] ?? Note} key=${place} ...${part} buttons=${actions} />`);

const Text = ({ text, tone, plain }) => html`<p class=${`words ${tone ?? ""}`} dir="auto"><${Rich} text=${text} plain=${plain || tone} /></p>`;
const Note = ({ text }) => html`<p class="words faint" dir="auto">${text}</p>`;

function File({ kind, id, link, name, mimeType }) {
  const [broken, setBroken] = useState(false);
  const label = name ?? { image: "Photo", video: "Video", audio: "Audio", voice: "Voice message", sticker: "Sticker" }[kind] ?? "Document";
  const source = id && file(id);
  if (!source || broken) return html`<${Lost} label=${label} link=${link} broken=${broken} kind=${kind} />`;
  const fail = () => setBroken(true);
  if (kind === "image" || kind === "sticker") {
    return html`<a class=${kind} href=${source} target="_blank" rel="noopener"><img src=${source} alt=${label} onError=${fail} /></a>`;
  }
  if (kind === "video") return html`<video class="video" controls preload="metadata" src=${source} aria-label=${label} onError=${fail}></video>`;
  if (kind === "audio" || kind === "voice") return html`<audio class="audio" controls preload="metadata" src=${source} aria-label=${label} onError=${fail}></audio>`;
  return html`<a class="document" href=${source} download=${name ?? true}>
    <${Icon} name="document" /><span><b dir="auto">${label}</b><small>${mimeType ?? "File"}</small></span></a>`;
}

// A link to elsewhere, which the sandbox does not fetch, or a file that is gone.
const Lost = ({ label, link, broken, kind }) => html`<div class="document">
  <${Icon} name=${kind in SHOWN ? "document" : kind} /><span><b dir="auto">${label}</b>
  <small>${broken ? "Cannot be shown" : link ? html`Linked, not fetched: <a href=${safe(link)} target="_blank" rel="noopener noreferrer">${link}</a>` : "Not stored here"}</small></span>
</div>`;

// Only what a phone would open in a browser, and never a script.
export const safe = (href) => (/^(https?|mailto|tel):/i.test(href ?? "") ? href : undefined);

const Location = ({ latitude, longitude, name, address }) => html`<a class="place" target="_blank" rel="noopener noreferrer"
  href=${`https://www.openstreetmap.org/?mlat=${Number(latitude)}&mlon=${Number(longitude)}#map=15/${Number(latitude)}/${Number(longitude)}`}>
  <span class="map" aria-hidden="true"><${Icon} name="location" /></span>
  <span class="where"><b dir="auto">${name ?? "Location"}</b>${address && html`<span dir="auto">${address}</span>`}
  <small>${latitude}, ${longitude}</small></span></a>`;

const Contacts = ({ people }) => people.map((person) => html`<div class="card person">
  <span class="avatar" aria-hidden="true">${initial(person.name)}</span>
  <span><b dir="auto">${person.name}</b>${person.about && html`<small dir="auto">${person.about}</small>`}
  ${person.lines.map((line) => html`<small>${line}</small>`)}</span></div>`);

export const initial = (name) => [...(name ?? "?").trim()][0]?.toUpperCase() ?? "?";

function Order({ text, items }) {
  const sum = items.reduce((sum, item) => sum + Number(item.price ?? 0) * Number(item.count ?? 1), 0);
  return html`<div class="card order"><b><${Icon} name="order" /> Order</b>
    <ul>${items.map((item) => html`<li><span dir="auto">${item.count} × ${item.name}</span><span>${money(item.price, item.currency)}</span></li>`)}</ul>
    ${items.length > 0 && html`<p class="sum"><span>Total</span><span>${money(sum, items[0].currency)}</span></p>`}
    ${text && html`<p dir="auto">${text}</p>`}</div>`;
}

function money(amount, currency) {
  try {
    return new Intl.NumberFormat([], { style: "currency", currency }).format(amount);
  } catch {
    return `${amount ?? ""} ${currency ?? ""}`;
  }
}

function Answers({ json }) {
  let answers = null;
  try {
    answers = JSON.parse(json);
  } catch {
    return html`<p class="words">${json}</p>`;
  }
  if (!answers || typeof answers !== "object") return html`<p class="words">${String(answers)}</p>`;
  const rows = Object.entries(answers).filter(([name]) => name !== "flow_token");
  return html`<dl class="answers">${rows.map(([name, value]) => html`<dt dir="auto">${name}</dt><dd dir="auto">${typeof value === "string" ? value : JSON.stringify(value)}</dd>`)}</dl>`;
}

const Cards = ({ cards, buttons }) => html`<div class="cards" tabindex="0" role="group" aria-label="Cards">${cards.map(
  (card) => html`<div class="card"><${Parts} parts=${card.parts} />${buttons?.(card.actions)}</div>`,
)}</div>`;

const SHOWN = { text: Text, note: Note, file: File, location: Location, contacts: Contacts, order: Order, answers: Answers, cards: Cards };
