// What the sandbox accepted from the business, newest first.
import { call } from "../base/api.js";
import { useFetched } from "../base/fetched.js";
import { html, useState } from "../base/html.js";
import { holder, store } from "./state.js";
import { shortDay } from "./times.js";

const SHOWN = 100;

export function Ledger() {
  const { beat, me, channels } = store.use((state) => state);
  const [mine, setMine] = useState(false);
  const query = mine ? `newest=5000&limit=5000&recipient=${encodeURIComponent(me)}` : `newest=${SHOWN}`;
  const [page, again] = useFetched(`/ledger?${query}`, beat);
  const [stats] = useFetched("/control/stats", beat);
  const entries = (page?.entries ?? []).slice(-SHOWN).reverse();
  const name = (channel) => channels.find((known) => known.channel === channel)?.name ?? channel;
  return html`<div class="stack">
    ${stats && html`<dl class="figures"><div><dt>Accepted</dt><dd>${stats.ledger.accepted}</dd></div>
      <div><dt>Webhooks told</dt><dd>${stats.webhooks.delivered}</dd></div><div><dt>Waiting</dt><dd>${stats.webhooks.queued}</dd></div>
      <div><dt>POSTs failed</dt><dd>${stats.webhooks.failedPosts}</dd></div></dl>`}
    <div class="line-head"><label class="check"><input type="checkbox" checked=${mine} onChange=${() => setMine(!mine)} /> Only to <span dir="auto">${holder().name}</span></label>
      <button type="button" class="small" onClick=${() => call("DELETE", "/ledger").then(again)}>Empty it</button></div>
    ${page && !entries.length && html`<p class="faint">Nothing was accepted yet.</p>`}
    <ol class="ledger">${entries.map((entry) => html`<li key=${entry.n}><details><summary>
      <span class="n">${entry.n}</span><span class="what"><b>${kind(entry)}</b> to ${entry.recipient}<small>${name(entry.channel)} from ${entry.sender}</small></span>
      <time datetime=${entry.at}>${shortDay(entry.at)}</time></summary>
      <dl class="answers"><dt>Id</dt><dd>${entry.providerId}</dd><dt>Reference</dt><dd>${entry.correlation ?? "none"}</dd>
        ${entry.media && html`<dt>File</dt><dd>${entry.media.mimeType}, ${entry.media.size} bytes</dd>`}</dl>
      <pre tabindex="0" aria-label=${`Body of ${entry.n}`}>${JSON.stringify(entry.body, null, 2)}</pre></details></li>`)}</ol>
  </div>`;
}

const kind = ({ body }) => body.type ?? (body.MediaUrl ? "media" : "text");
