// The list of conversations: only the rows that can be seen are in the page, however many there are.
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../lib.js";
import { t } from "../i18n.js";
import { Icon } from "../ui/icon.js";
import { conversation, load, more, order, selected, state, view } from "../store/conversations.js";
import { open } from "../navigation.js";
import { Row } from "./row.js";
import { Slots } from "./slots.js";

/** As in `list.css`. */
const ROW = 76;
const BEYOND = 6;

export function List() {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [range, setRange] = useState({ top: 0, height: 800 });
  const anchor = useRef(/** @type {{ id: string, offset: number } | null} */ (null));
  const slots = useMemo(() => new Slots(), []);
  const ids = order.value;

  const first = Math.max(0, Math.floor(range.top / ROW) - BEYOND);
  const last = Math.min(ids.length, Math.ceil((range.top + range.height) / ROW) + BEYOND);

  const look = () => {
    if (!box.current) return;
    const { scrollTop, clientHeight } = box.current;
    const at = Math.floor(scrollTop / ROW);
    anchor.current = scrollTop > ROW ? { id: ids[at], offset: scrollTop - at * ROW } : null;
    const step = Math.floor(scrollTop / ROW) * ROW;
    setRange((now) => (now.top === step && now.height === clientHeight ? now : { top: step, height: clientHeight }));
  };

  // What moves above must not move what is being looked at.
  useLayoutEffect(() => {
    const at = anchor.current ? ids.indexOf(anchor.current.id) : -1;
    if (box.current && anchor.current && at >= 0) box.current.scrollTop = at * ROW + anchor.current.offset;
  }, [ids]);
  useLayoutEffect(() => {
    if (box.current) box.current.scrollTop = 0;
    anchor.current = null;
  }, [view.value]);
  useEffect(() => {
    const watcher = new ResizeObserver(look);
    if (box.current) watcher.observe(box.current);
    return () => watcher.disconnect();
  }, []);
  // What is opened by a key or by the host page comes into view.
  useEffect(() => {
    const at = selected.value ? ids.indexOf(selected.value) : -1;
    if (box.current && at >= 0) reveal(box.current, at);
  }, [selected.value]);
  useEffect(() => {
    if (last > ids.length - 15) void more();
  }, [last, ids.length, state.value]);

  const places = Array.from({ length: last - first }, (_, index) => first + index);
  // Who walks by keys goes on from the row that has the focus, also after it was scrolled out of view.
  const focused = box.current?.contains(document.activeElement) ? ids.indexOf(/** @type {HTMLElement} */ (document.activeElement).dataset.id ?? "") : -1;
  if (focused >= 0 && focused < first) places.unshift(focused);
  if (focused >= last) places.push(focused);
  slots.give(places.map((place) => ids[place]));
  const current = selected.value ? ids.indexOf(selected.value) : -1;
  const reachable = places.includes(current) ? current : Math.floor(range.top / ROW);

  return html`<div class="list" ref=${box} onScroll=${look} aria-busy=${state.value === "loading"} tabindex="-1">
    ${state.value === "failed" && html`<div class="empty"><${Icon} name="wifi-off" size=${28} /><p>${t("list_failed")}</p>
      <button type="button" class="button" onClick=${() => load()}>${t("try_again")}</button></div>`}
    ${state.value === "loading" && !ids.length && html`<${Skeleton} />`}
    ${state.value === "ready" && !ids.length && html`<${Empty} />`}
    <ul class="rows" aria-label=${t("conversations")} style=${{ height: `${ids.length * ROW}px` }} onKeyDown=${(/** @type {KeyboardEvent} */ event) => step(event, ids)}>
      ${places.map((place) => {
        const id = ids[place];
        const held = conversation(id);
        return held && html`<${Row} key=${slots.of(id)} held=${held} place=${place} count=${ids.length} top=${place * ROW} current=${id === selected.value} reachable=${place === reachable} />`;
      })}
    </ul>
    ${state.value === "more" && html`<div class="list-more"><${Icon} name="loader-circle" class="spin" /></div>`}
  </div>`;
}

/** Arrow keys walk the rows; Enter is the row's own. @param {KeyboardEvent} event @param {string[]} ids */
function step(event, ids) {
  const by = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity })[event.key];
  if (!by) return;
  event.preventDefault();
  const now = ids.indexOf(/** @type {HTMLElement} */ (document.activeElement)?.dataset.id ?? "");
  const next = Math.min(ids.length - 1, Math.max(0, now + by));
  const list = /** @type {HTMLElement} */ (event.currentTarget).parentElement;
  if (!list) return;
  reveal(list, next);
  requestAnimationFrame(() => requestAnimationFrame(() => /** @type {HTMLElement | null} */ (list.querySelector(`[data-id="${ids[next]}"]`))?.focus()));
}

/** @param {HTMLElement} list @param {number} place */
function reveal(list, place) {
  const [above, below] = [place * ROW, (place + 1) * ROW - list.clientHeight];
  if (list.scrollTop > above) list.scrollTop = above;
  if (list.scrollTop < below) list.scrollTop = below;
}

/** The next or previous conversation of the list. @param {number} by */
export function neighbour(by) {
  const ids = order.value;
  const at = ids.indexOf(selected.value ?? "");
  const next = ids[Math.min(ids.length - 1, Math.max(0, at + by))];
  if (next) void open(next);
}

function Skeleton() {
  return html`<div class="skeletons" aria-hidden="true">${Array.from({ length: 9 }, (_, index) => html`<div class="skeleton-row" key=${index}><span class="bone round" /><span class="bones"><span class="bone" /><span class="bone long" /></span></div>`)}</div>`;
}

function Empty() {
  const { filter, search } = view.value;
  const key = search.trim() ? "empty_search" : `empty_${filter}`;
  return html`<div class="empty"><${Icon} name=${search.trim() ? "search" : "inbox"} size=${30} /><p>${t(key, { search: search.trim() })}</p>
    ${filter === "open" && !search.trim() && html`<p class="faint">${t("empty_hint")}</p>`}</div>`;
}
