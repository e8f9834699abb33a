// Interactive messages, as sent and as answered.
import { html } from "../lib.js";
import { t } from "../i18n.js";
import { safeUrl } from "../format.js";
import { Icon } from "../ui/icon.js";

/** What the contact pressed. @param {{ icon: string, title: string, more?: string }} props */
export function Answer({ icon, title, more }) {
  return html`<p class="answer"><${Icon} name=${icon} size=${15} /><span><b dir="auto">${title}</b>${more && html`<span class="faint" dir="auto">${more}</span>`}</span></p>`;
}

/** @param {{ it: any, Words: any, File: any }} props */
export function InteractiveBody({ it, Words, File }) {
  if (it.type === "buttonReply") return html`<${Answer} icon="mouse-pointer-click" title=${it.title} />`;
  if (it.type === "listReply") return html`<${Answer} icon="list" title=${it.title} more=${it.description} />`;
  if (it.type === "flowReply") return html`<${FlowReply} it=${it} />`;
  return html`<div class="interactive">
    ${it.header && (it.header.type === "text" ? html`<p class="interactive-header" dir="auto">${it.header.text}</p>` : html`<${File} file=${it.header} />`)}
    <${Words} text=${it.body} />
    ${it.footer && html`<p class="interactive-footer" dir="auto">${it.footer}</p>`}
    <${Pressable} it=${it} /></div>`;
}

/** @param {{ it: any }} props */
function Pressable({ it }) {
  if (it.type === "buttons") return html`<ul class="presses">${it.buttons.map((/** @type {any} */ one) => html`<li key=${one.id}><${Icon} name="reply" size=${14} /> <bdi>${one.title}</bdi></li>`)}</ul>`;
  if (it.type === "ctaUrl") return html`<ul class="presses"><li><a href=${safeUrl(it.url)} target="_blank" rel="noopener noreferrer nofollow"><${Icon} name="external-link" size=${14} /> <bdi>${it.button}</bdi></a></li></ul>`;
  if (it.type === "list") return html`<details class="presses list-rows"><summary><${Icon} name="list" size=${14} /> <bdi>${it.button}</bdi></summary>
    ${it.sections.map((/** @type {any} */ section, /** @type {number} */ index) => html`<div key=${index}>${section.title && html`<p class="faint" dir="auto">${section.title}</p>`}
      <ul>${section.rows.map((/** @type {any} */ row) => html`<li key=${row.id}><b dir="auto">${row.title}</b>${row.description && html`<span class="faint" dir="auto">${row.description}</span>`}</li>`)}</ul></div>`)}</details>`;
  return html`<ul class="presses"><li><${Icon} name="square-check-big" size=${14} /> <bdi>${it.button ?? it.type}</bdi></li></ul>`;
}

/** @param {{ it: any }} props */
function FlowReply({ it }) {
  const answers = typeof it.response === "object" && it.response ? Object.entries(it.response).filter(([name]) => name !== "flow_token") : [];
  return html`<div><${Answer} icon="square-check-big" title=${it.body ?? t("form_sent")} />
    ${answers.length > 0 && html`<dl class="template-values">${answers.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd dir="auto">${typeof value === "object" ? JSON.stringify(value) : String(value)}</dd></div>`)}</dl>`}</div>`;
}
