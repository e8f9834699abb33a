// Emoji to choose from, by group or by name.
import { html, useEffect, useMemo, useRef, useState } from "../lib.js";
import { t } from "../i18n.js";
import { browser } from "../storage.js";
import { EMOJI } from "./emoji-data.js";

const MOST_FOUND = 120;
const MOST_RECENT = 24;
/** @type {[string, { emoji: string, name: string }[]][]} */
const GROUPS = EMOJI.map(([group, list]) => [group, list.split("|").map((one) => ({ emoji: one.slice(0, one.indexOf(" ")), name: one.slice(one.indexOf(" ") + 1) }))]);
const FACES = /** @type {Record<string, string>} */ ({ smileys_emotion: "😀", people_body: "👋", animals_nature: "🐻", food_drink: "🍎", travel_places: "🚗", activities: "⚽", objects: "💡", symbols: "❤️", flags: "🏁" });

/** @param {{ onPick: (emoji: string) => void }} props */
export default function Emoji({ onPick }) {
  const [text, setText] = useState("");
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => field.current?.focus(), []);
  const [group, setGroup] = useState(GROUPS[0][0]);
  const recent = /** @type {string[]} */ (browser.get("emoji") ?? []);
  const found = useMemo(() => {
    const words = text.trim().toLowerCase();
    if (!words) return GROUPS.find(([name]) => name === group)?.[1] ?? [];
    return GROUPS.flatMap(([, list]) => list).filter((one) => one.name.includes(words)).slice(0, MOST_FOUND);
  }, [text, group]);
  const pick = (/** @type {string} */ emoji) => {
    browser.set("emoji", [emoji, ...recent.filter((one) => one !== emoji)].slice(0, MOST_RECENT));
    onPick(emoji);
  };
  const button = (/** @type {string} */ emoji, /** @type {string} */ name) => html`<button key=${emoji} type="button" class="emoji" title=${name} aria-label=${name} onClick=${() => pick(emoji)}>${emoji}</button>`;
  return html`<div class="emoji-picker">
    <input type="search" class="field" ref=${field} placeholder=${t("search_emoji")} aria-label=${t("search_emoji")} value=${text} onInput=${(/** @type {any} */ event) => setText(event.target.value)} />
    <div class="emoji-groups" role="group" aria-label=${t("emoji")}>${GROUPS.map(([name]) => html`<button key=${name} type="button" class="emoji" aria-pressed=${name === group && !text} aria-label=${name.replaceAll("_", " ")} title=${name.replaceAll("_", " ")} onClick=${() => (setGroup(name), setText(""))}>${FACES[name] ?? "•"}</button>`)}</div>
    <div class="emoji-grid" tabindex="0" role="group" aria-label=${t("emoji")}>
      ${!text && recent.length > 0 && html`<div class="emoji-recent">${recent.map((emoji) => button(emoji, emoji))}</div>`}
      ${found.map((one) => button(one.emoji, one.name))}${!found.length && html`<p class="faint">${t("nothing_found")}</p>`}</div>
  </div>`;
}
