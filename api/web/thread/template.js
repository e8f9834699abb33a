// A template as the contact sees it: gaps filled, header, footer and buttons around.
import { html } from "../lib.js";
import { t } from "../i18n.js";
import { safeUrl } from "../format.js";
import { conversation } from "../store/conversations.js";
import { filled, templates } from "./templates.js";
import { may } from "../session.js";
import { Icon } from "../ui/icon.js";

/** @param {{ content: any, template: import("../types").Template, Words: any }} props */
export function FilledTemplate({ content, template, Words }) {
  const it = filled(content, template);
  const icon = /** @type {Record<string, string>} */ ({ IMAGE: "image", VIDEO: "video", DOCUMENT: "file-text", LOCATION: "map-pin" })[it.format ?? ""];
  const link = safeUrl(it.media?.link);
  return html`<div class="interactive">
    ${it.header && html`<p class="interactive-header" dir="auto">${it.header}</p>`}
    ${icon && (it.format === "IMAGE" && link ? html`<img class="template-image" src=${link} alt="" />` : html`<p class="absent"><${Icon} name=${icon} size=${18} /> <span>${it.media?.filename ?? t(`type_${(it.format ?? "document").toLowerCase()}`)}</span></p>`)}
    <${Words} text=${it.body} />
    ${it.footer && html`<p class="interactive-footer" dir="auto">${it.footer}</p>`}
    ${it.buttons.length > 0 && html`<ul class="presses">${it.buttons.map((/** @type {any} */ one, /** @type {number} */ index) => html`<li key=${index}><${Icon} name=${one.type === "URL" ? "external-link" : one.type === "PHONE_NUMBER" ? "phone" : one.type === "QUICK_REPLY" ? "reply" : "copy"} size=${14} /> <bdi>${one.text}</bdi></li>`)}</ul>`}
  </div>`;
}

/** A template that was sent; without its text where that cannot be had. @param {{ content: any, message: any, Words: any }} props */
export function SentTemplate({ content, message, Words }) {
  const held = message && conversation(message.conversationId);
  const list = held?.value.channel === "whatsapp" && may.value.sendTemplates ? templates(held.value.inboxId).value.list : [];
  const template = list.find((/** @type {any} */ one) => one.name === content.name && one.language === content.language);
  const values = content.parameters ?? (content.components ?? []).flatMap((/** @type {any} */ one) => one.parameters ?? []).map((/** @type {any} */ one) => one.text ?? one.payload ?? one.type);
  const pairs = Array.isArray(values) ? values.map((value, index) => [String(index + 1), value]) : Object.entries(values);
  return html`<div class="template"><p class="bubble-hint"><${Icon} name="layout-template" size=${12} /> ${t("type_template")} · <bdi>${content.name}</bdi></p>
    ${template ? html`<${FilledTemplate} content=${content} template=${template} Words=${Words} />`
      : html`<dl class="template-values">${pairs.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd dir="auto">${String(value)}</dd></div>`)}</dl>`}</div>`;
}
