// The right side: who the contact is, what is known of it, its files, its other conversations, and the business it writes to.
import { html, useEffect, useState } from "../lib.js";
import { ask } from "../api.js";
import { t } from "../i18n.js";
import { address, date, full, nameOf, safeUrl, short } from "../format.js";
import { later } from "../later.js";
import { detailsOpen, open } from "../navigation.js";
import { conversation } from "../store/conversations.js";
import { IconButton } from "../ui/dialog.js";
import { Avatar, ChannelMark, Icon } from "../ui/icon.js";

/** What an address answers, afresh for each. @param {string} path @param {any} [again] */
function useAnswer(path, again) {
  const [answer, setAnswer] = useState(/** @type {{ path: string, data: any, failed: boolean }} */ ({ path: "", data: null, failed: false }));
  useEffect(() => {
    const abort = new AbortController();
    ask("GET", path, { signal: abort.signal }).then(
      (data) => setAnswer({ path, data, failed: false }),
      () => abort.signal.aborted || setAnswer({ path, data: null, failed: true }),
    );
    return () => abort.abort();
  }, [path, again]);
  return answer.path === path ? answer : { data: null, failed: false };
}

/** @param {{ id: string }} props */
export function Details({ id }) {
  const held = conversation(id);
  if (!held) return null;
  const one = held.value;
  return html`<aside class="details" id="details" aria-label=${t("details")}>
    <header class="details-head"><h2>${t("details")}</h2><${IconButton} icon="x" label=${t("close_details")} onClick=${() => (detailsOpen.value = false)} /></header>
    <div class="details-scroll" tabindex="0" role="region" aria-label=${t("details")}>
      <${Profile} one=${one} />
      <${Files} key=${`f${id}`} id=${id} newest=${one.lastMessage?.id} />
      <${Others} key=${`o${id}`} one=${one} />
      <${Business} key=${`b${one.inboxId}`} id=${one.inboxId} />
    </div>
  </aside>`;
}

/** @param {{ one: import("../types").Conversation }} props */
function Profile({ one }) {
  const { data, failed } = useAnswer(`/v1/contacts/${one.contact.id}`, one.contact.name);
  const name = nameOf(one);
  const attributes = Object.entries(data?.attributes ?? {});
  return html`<section class="profile">
    <${Avatar} id=${one.contact.id} name=${name} url=${one.contact.avatarUrl} size="large" />
    <h3 dir="auto"><bdi>${name}</bdi></h3>
    ${data?.blocked && html`<p class="tag bad">${t("blocked")}</p>`}
    ${data?.optedOut && html`<p class="tag">${t("opted_out")}</p>`}
    ${failed && html`<p class="faint">${t("details_failed")}</p>`}
    <dl class="facts">
      <${Fact} name=${t("channel")}><span class="with-mark"><${ChannelMark} channel=${one.channel} /> ${t(`channel_${one.channel}`)}</span></${Fact}>
      ${(data?.addresses ?? [{ address: one.contact.address, channel: one.channel }]).map((/** @type {any} */ its) => html`<${Fact} key=${its.address + (its.channel ?? "")} name=${t("address")}><bdi>${address(its.address, its.channel)}</bdi></${Fact}>`)}
      <${Fact} name=${t("assignee")}>${one.assignee ? html`<span class="with-mark"><${Avatar} id=${one.assignee.userId} name=${one.assignee.name} url=${one.assignee.avatarUrl} size="tiny" /> ${one.assignee.name}</span>` : html`<span class="faint">${t("nobody")}</span>`}</${Fact}>
      ${data && html`<${Fact} name=${t("since")}><time title=${full(data.createdAt)}>${date(data.createdAt)}</time></${Fact}>`}
      ${attributes.map(([label, value]) => html`<${Fact} key=${label} name=${label}><bdi>${String(value)}</bdi></${Fact}>`)}
    </dl>
  </section>`;
}

/** @param {any} props */
const Fact = ({ name, children }) => html`<div class="fact"><dt dir="auto">${name}</dt><dd dir="auto">${children}</dd></div>`;

/** @param {{ id: string, newest: string | undefined }} props */
function Files({ id, newest }) {
  const { data } = useAnswer(`/v1/conversations/${id}/media?pageSize=24`, newest);
  const files = /** @type {any[]} */ (data?.messages ?? data?.media ?? []).map((one) => one.content ?? one).filter((one) => safeUrl(one.url));
  if (!files.length) return null;
  const pictures = files.filter((one) => one.type === "image");
  const rest = files.filter((one) => one.type !== "image" && one.type !== "sticker").slice(0, 6);
  return html`<section><h3 class="section-title">${t("files")}</h3>
    ${pictures.length > 0 && html`<ul class="gallery">${pictures.slice(0, 9).map((one, index) => html`<li key=${one.mediaId ?? index}><button type="button" aria-label=${t("enlarge", { name: one.caption || t("type_image") })}
      onClick=${() => later("viewer", { url: one.url, alt: one.caption || t("type_image"), all: pictures, at: index })}><img src=${one.url} alt="" loading="lazy" /></button></li>`)}</ul>`}
    ${rest.length > 0 && html`<ul class="files">${rest.map((one, index) => html`<li key=${one.mediaId ?? index}><a href=${safeUrl(one.url)} target="_blank" rel="noopener noreferrer"><${Icon} name=${one.type === "video" ? "video" : one.type === "audio" ? "file-music" : "file-text"} size=${16} /><bdi>${one.filename || t(`type_${one.type}`)}</bdi></a></li>`)}</ul>`}
  </section>`;
}

/** @param {{ one: import("../types").Conversation }} props */
function Others({ one }) {
  const { data } = useAnswer(`/v1/contacts/${one.contact.id}/conversations`);
  const others = /** @type {import("../types").Conversation[]} */ (data?.conversations ?? []).filter((other) => other.id !== one.id);
  if (!others.length) return null;
  return html`<section><h3 class="section-title">${t("others")}</h3><ul class="others">${others.map((other) => html`<li key=${other.id}><button type="button" onClick=${() => open(other.id)}>
    <${ChannelMark} channel=${other.channel} /><span class="others-text"><span class="others-line"><b>${t(`channel_${other.channel}`)}</b><time class="faint">${short(other.lastMessageDate)}</time></span>
    <span class="faint" dir="auto">${other.lastMessage?.preview ?? t("no_messages")}</span></span></button></li>`)}</ul></section>`;
}

/** @param {{ id: string }} props */
function Business({ id }) {
  // The profile is at the provider, which may be away: then the rest is asked for without it.
  const [alone, setAlone] = useState(false);
  const { data, failed } = useAnswer(`/v1/inboxes/${id}${alone ? "" : "?include=businessProfile"}`);
  useEffect(() => { if (failed) setAlone(true); }, [failed]);
  if (!data) return null;
  const profile = data.businessProfile ?? {};
  const number = data.config?.phoneNumber ?? data.config?.senderId;
  const status = data.status?.state ?? "active";
  return html`<section><h3 class="section-title">${t("business")}</h3><dl class="facts">
    <${Fact} name=${t("name")}>${data.name}</${Fact}>
    ${number && html`<${Fact} name=${t("number")}><bdi>${address(number)}</bdi></${Fact}>`}
    <${Fact} name=${t("state")}><span class=${`state ${status}`}><span class="dot" aria-hidden="true" /> ${t(`state_${status}`)}</span></${Fact}>
    ${["about", "description", "address", "email"].map((field) => profile[field] && html`<${Fact} key=${field} name=${t(`profile_${field}`)}>${profile[field]}</${Fact}>`)}
    ${(profile.websites ?? []).map((/** @type {string} */ site) => safeUrl(site) && html`<${Fact} key=${site} name=${t("profile_website")}><a href=${site} target="_blank" rel="noopener noreferrer">${site}</a></${Fact}>`)}
  </dl></section>`;
}
