// Icons, avatars and the marks of channels.
import { h, html, useState } from "../lib.js";
import { ICONS } from "../vendor/icons.js";
import { hue, initials } from "../format.js";

/** @param {{ name: string, size?: number, class?: string }} props */
export function Icon({ name, size = 18, class: more = "" }) {
  const shapes = ICONS[name] ?? [];
  return html`<svg class=${`icon ${more}`} width=${size} height=${size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.9"
    stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${shapes.map(([tag, attributes]) => h(tag, attributes))}</svg>`;
}

/** @param {{ id: string, name: string, url?: string | null, channel?: string, size?: string }} props */
export function Avatar({ id, name, url, channel, size = "" }) {
  const [broken, setBroken] = useState(/** @type {string | null | undefined} */ (null));
  const letters = initials(name);
  return html`<span class=${`avatar hue-${hue(id)} ${size}`} aria-hidden="true">
    ${url && broken !== url
      ? html`<img key=${url} src=${url} alt="" loading="lazy" onError=${() => setBroken(url)} />`
      : letters || html`<${Icon} name="user-round" size=${size === "large" ? 30 : 20} />`}
    ${channel && html`<${ChannelMark} channel=${channel} />`}
  </span>`;
}

const MARKS = {
  whatsapp: "M12 3.5a8.5 8.5 0 0 0-7.3 12.8L3.7 20.3l4.1-1A8.5 8.5 0 1 0 12 3.5Z",
  text: "M5 5.5h14v10.5h-8l-4 3.5v-3.5H5Z",
  messenger: "M12 4c-4.7 0-8.3 3.3-8.3 7.7 0 2.4 1 4.4 2.7 5.8V20.5l2.6-1.5c1 .3 2 .4 3 .4 4.7 0 8.3-3.3 8.3-7.7S16.7 4 12 4Z",
  instagram: "M8 4h8a4 4 0 0 1 4 4v8a4 4 0 0 1-4 4H8a4 4 0 0 1-4-4V8a4 4 0 0 1 4-4Z",
  rcs: "M4 6h16v9H13l-4 4v-4H4Z",
};

/** @param {{ channel: string }} props */
export function ChannelMark({ channel }) {
  const path = /** @type {Record<string, string>} */ (MARKS)[channel] ?? MARKS.text;
  return html`<span class=${`mark ${channel}`}><svg width="10" height="10" viewBox="0 0 24 24" aria-hidden="true"><path d=${path} fill="currentColor" /></svg></span>`;
}
