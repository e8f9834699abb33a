// What a message says, for every type of content there is; one that is not known is named.
import { html } from "../lib.js";
import { has, language, t } from "../i18n.js";
import { pieces, safeUrl, size } from "../format.js";
import { later } from "../later.js";
import { Icon } from "../ui/icon.js";
import { InteractiveBody, Answer } from "./interactive.js";
import { SentTemplate } from "./template.js";

/** @typedef {import("../types").Content} Content */

/** Words with their links; nothing else in them means anything. @param {{ text: string, class?: string }} props */
export function Words({ text, class: more = "" }) {
  const onlyEmoji = text.length <= 16 && /^(\p{Extended_Pictographic}|\p{Emoji_Component}|\s)+$/u.test(text) && /\p{Extended_Pictographic}/u.test(text);
  return html`<p class=${`words ${onlyEmoji ? "large" : ""} ${more}`} dir="auto">${pieces(text).map((piece) =>
    piece.link ? html`<a href=${piece.text} target="_blank" rel="noopener noreferrer nofollow">${piece.text}</a>` : piece.text)}</p>`;
}

/** @type {Record<string, (props: { content: Content, message: any }) => any>} */
const BODIES = {
  text: ({ content }) => html`<${Words} text=${content.text} />`,
  image: Picture,
  sticker: Picture,
  video: Video,
  audio: Audio,
  document: Document,
  location: Location,
  contacts: Cards,
  reaction: ({ content }) => html`<p class="words hint">${content.emoji ? t("reacted", { emoji: content.emoji }) : t("reaction_removed")}</p>`,
  template: ({ content, message }) => html`<${SentTemplate} content=${content} message=${message} Words=${Words} />`,
  interactive: ({ content }) => html`<${InteractiveBody} it=${content.interactive} Words=${Words} File=${File} />`,
  order: Order,
  referral: Referral,
  postback: ({ content }) => html`<${Answer} icon="mouse-pointer-click" title=${content.title ?? content.payload} />`,
  deleted: () => html`<p class="words hint"><${Icon} name="ban" size=${14} /> ${t("deleted")}</p>`,
  unsupported: Unsupported,
};

/** @param {{ content: Content, message: any }} props */
export function Body({ content, message }) {
  const Kind = BODIES[content.type] ?? Unsupported;
  return html`<${Kind} content=${content} message=${message} />`;
}

/** One line of what it says. @param {Content} content @returns {string} */
export function summary(content) {
  const words = content.text ?? content.caption ?? content.interactive?.body ?? content.interactive?.title ?? content.title ?? content.name ?? content.filename ?? content.emoji;
  const kind = has(`type_${content.type}`) ? t(`type_${content.type}`) : content.type;
  return content.type === "text" ? content.text : words ? `${kind}: ${words}` : kind;
}

/** A file inside something else, such as a header. @param {{ file: Content }} props */
function File({ file }) {
  return html`<${Body} content=${file} message=${null} />`;
}

/** A file that is not there (yet). @param {{ content: Content, icon: string }} props */
function Absent({ content, icon }) {
  return html`<p class="absent"><${Icon} name=${content.failure ? "triangle-alert" : icon} size=${18} />
    <span>${content.failure ? t("file_failed") : t("file_coming", { kind: t(`type_${content.type}`) })}</span></p>`;
}

/** @param {any} props */
function Picture({ content, message }) {
  const url = safeUrl(content.url);
  if (!url) return html`<${Absent} content=${content} icon="image" /><${Caption} content=${content} />`;
  const alt = content.caption || t(`type_${content.type}`);
  return html`<button type="button" class=${`picture ${content.type}`} aria-label=${t("enlarge", { name: alt })} onClick=${() => later("viewer", { url, alt, filename: content.filename, conversationId: message?.conversationId, mediaId: content.mediaId })}>
    <img src=${url} alt="" loading="lazy" decoding="async" /></button><${Caption} content=${content} />`;
}

/** @param {any} props */
function Caption({ content }) {
  return content.caption ? html`<${Words} text=${content.caption} class="caption" />` : null;
}

/** @param {any} props */
function Video({ content }) {
  const url = safeUrl(content.url);
  return html`${url ? html`<video class="video" src=${url} controls preload="metadata" playsinline />` : html`<${Absent} content=${content} icon="video" />`}<${Caption} content=${content} />`;
}

/** @param {any} props */
function Audio({ content }) {
  const url = safeUrl(content.url);
  if (!url) return html`<${Absent} content=${content} icon="mic" />`;
  return html`<div class="audio"><${Icon} name=${content.voice ? "mic" : "file-music"} size=${18} /><audio src=${url} controls preload="none" aria-label=${t("type_audio")} /></div>`;
}

/** @param {any} props */
function Document({ content }) {
  const url = safeUrl(content.url);
  const name = content.filename || t("type_document");
  const kind = name.includes(".") ? name.split(".").pop().slice(0, 5).toUpperCase() : (content.mimeType ?? "").split("/").pop();
  const inside = html`<span class="document-icon"><${Icon} name="file-text" size=${20} /></span><span class="document-text"><bdi class="document-name">${name}</bdi>
    <span class="faint">${[kind, content.size && size(content.size)].filter(Boolean).join(" · ") || t("type_document")}</span></span>`;
  return html`${url ? html`<a class="document" href=${url} target="_blank" rel="noopener noreferrer" download=${name}>${inside}<${Icon} name="download" size=${16} /></a>`
    : html`<div class="document">${inside}</div>${content.failure && html`<${Absent} content=${content} icon="file" />`}`}<${Caption} content=${content} />`;
}

/** @param {any} props */
function Location({ content }) {
  const { latitude, longitude, name, address } = content;
  return html`<a class="card location" target="_blank" rel="noopener noreferrer" href=${`https://www.openstreetmap.org/?mlat=${Number(latitude)}&mlon=${Number(longitude)}#map=16/${Number(latitude)}/${Number(longitude)}`}>
    <span class="card-icon"><${Icon} name="map-pin" size=${20} /></span><span class="card-text"><b dir="auto">${name || t("type_location")}</b>
    ${address && html`<span class="faint" dir="auto">${address}</span>`}<span class="faint">${Number(latitude).toFixed(5)}, ${Number(longitude).toFixed(5)}</span></span></a>`;
}

/** @param {any} props */
function Cards({ content }) {
  return html`<ul class="cards">${content.contacts.map((/** @type {any} */ card, /** @type {number} */ index) => html`<li key=${index} class="card">
    <span class="card-icon"><${Icon} name="contact" size=${20} /></span><span class="card-text"><b dir="auto">${card.name.formattedName}</b>
    ${card.org?.company && html`<span class="faint" dir="auto">${card.org.company}</span>`}
    ${(card.phones ?? []).map((/** @type {any} */ phone) => phone.phone && html`<a href=${`tel:${phone.phone.replaceAll(/[^+\d]/g, "")}`}><bdi>${phone.phone}</bdi></a>`)}
    ${(card.emails ?? []).map((/** @type {any} */ email) => email.email && html`<a href=${`mailto:${email.email}`}><bdi>${email.email}</bdi></a>`)}</span></li>`)}</ul>`;
}

/** @param {any} props */
function Order({ content }) {
  const money = (/** @type {any} */ item) => item.unitPrice == null ? "" : new Intl.NumberFormat(language.value, item.currency ? { style: "currency", currency: item.currency } : {}).format(item.unitPrice * item.quantity);
  return html`<div class="card order"><span class="card-icon"><${Icon} name="shopping-cart" size=${20} /></span><div class="card-text"><b>${t("type_order")}</b>
    <ul>${content.items.map((/** @type {any} */ item, /** @type {number} */ index) => html`<li key=${index}>${item.quantity} × <bdi>${item.productId}</bdi> <span class="faint">${money(item)}</span></li>`)}</ul></div></div>
    ${content.text && html`<${Words} text=${content.text} />`}`;
}

/** @param {any} props */
function Referral({ content }) {
  return html`<div class="card"><span class="card-icon"><${Icon} name="megaphone" size=${20} /></span><span class="card-text"><b dir="auto">${content.headline || t("type_referral")}</b>
    ${content.body && html`<span dir="auto">${content.body}</span>`}${safeUrl(content.sourceUrl) && html`<a href=${safeUrl(content.sourceUrl)} target="_blank" rel="noopener noreferrer nofollow">${content.sourceUrl}</a>`}</span></div>`;
}

/** @param {any} props */
function Unsupported({ content }) {
  const kind = content.raw?.unsupported?.type ?? (content.raw?.type && content.raw.type !== "unsupported" ? content.raw.type : null) ?? (content.type === "unsupported" ? null : content.type);
  return html`<div class="absent"><${Icon} name="info" size=${18} /><span>${kind ? t("unsupported_kind", { kind }) : t("unsupported")}${content.reason && html`<br /><span class="faint">${content.reason}</span>`}</span></div>`;
}
