// Builds a message with something to press: buttons, a list, a link or a form; shown beside as the contact sees it.
import { html, useState } from "../lib.js";
import { t } from "../i18n.js";
import { capabilities } from "../composer/capabilities.js";
import { measure } from "../composer/length.js";
import { submit } from "../store/outbox.js";
import { Words } from "../thread/contents.js";
import { InteractiveBody } from "../thread/interactive.js";
import { Dialog, IconButton } from "../ui/dialog.js";
import { Icon } from "../ui/icon.js";
import { Field } from "./field.js";

const KINDS = /** @type {const} */ (["buttons", "list", "ctaUrl", "flow"]);

/** @param {string} text @param {number} index */
const idOf = (text, index) => `${text.trim().toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "").slice(0, 40) || "choice"}-${index + 1}`;

/** @param {typeof KINDS[number]} kind @param {any} it */
function build(kind, it) {
  const frame = { type: kind, body: it.body.trim(), ...(it.header.trim() && { header: { type: "text", text: it.header.trim() } }), ...(it.footer.trim() && { footer: it.footer.trim() }) };
  const rows = it.rows.filter((/** @type {any} */ row) => row.title.trim());
  if (kind === "buttons") return { ...frame, buttons: rows.map((/** @type {any} */ row, /** @type {number} */ index) => ({ id: idOf(row.title, index), title: row.title.trim() })) };
  if (kind === "list") return { ...frame, button: it.button.trim(), sections: [{ rows: rows.map((/** @type {any} */ row, /** @type {number} */ index) => ({ id: idOf(row.title, index), title: row.title.trim(), ...(row.description.trim() && { description: row.description.trim() }) })) }] };
  if (kind === "ctaUrl") return { ...frame, button: it.button.trim(), url: it.url.trim() };
  return { ...frame, button: it.button.trim(), flowId: it.flowId.trim(), ...(it.screen.trim() && { action: "navigate", screen: it.screen.trim() }) };
}

/** @param {typeof KINDS[number]} kind @param {any} it */
function complete(kind, it) {
  const rows = it.rows.map((/** @type {any} */ row) => row.title.trim()).filter(Boolean);
  if (!it.body.trim()) return false;
  if (kind === "buttons" || kind === "list") return rows.length > 0 && new Set(rows).size === rows.length && (kind === "buttons" || Boolean(it.button.trim()));
  if (kind === "ctaUrl") return Boolean(it.button.trim()) && /^https?:\/\/\S+\.\S+/.test(it.url.trim());
  return Boolean(it.button.trim() && it.flowId.trim());
}

/** Whether each part is as short as the channel wants it. @param {any} built @param {any} limits */
function short(built, limits) {
  const { frame = {} } = limits;
  const fits = (/** @type {string | undefined} */ text, /** @type {number | undefined} */ most, /** @type {"characters" | "bytes"} */ unit = "characters") => !text || most === undefined || measure(text, { unit }) <= most;
  const rows = built.buttons ?? built.sections?.[0].rows ?? [];
  return fits(built.header?.text, frame.maxHeader) && fits(built.body, frame.maxBody, frame.bodyUnit) && fits(built.footer, frame.maxFooter) && fits(built.button, limits.maxButton) && fits(built.url, limits.maxUrl)
    && rows.every((/** @type {any} */ row) => fits(row.title, limits.maxTitle ?? limits.maxRowTitle) && fits(row.description, limits.maxDescription));
}

/** @param {any} props */
export default function Interactive({ one, body, onClose }) {
  const channel = capabilities(one.inboxId).interactive;
  const kinds = KINDS.filter((name) => channel[name]);
  const [kind, setKind] = useState(/** @type {typeof KINDS[number]} */ (kinds[0] ?? "buttons"));
  const limits = channel[kind] ?? {};
  const frame = limits.frame ?? {};
  const [it, setIt] = useState(/** @type {any} */ ({ header: "", body: "", footer: "", button: "", url: "", flowId: "", screen: "", rows: [{ title: "", description: "" }, { title: "", description: "" }] }));
  const whole = { ...it, rows: it.rows.slice(0, limits.maxButtons ?? limits.maxRows) };
  const set = (/** @type {any} */ change) => setIt({ ...it, ...change });
  const field = (/** @type {string} */ name, /** @type {number} */ max, /** @type {any} */ more = {}) => html`<${Field} label=${t(`build_${name}`)} max=${max} value=${it[name]} onInput=${(/** @type {string} */ text) => set({ [name]: text })} ...${more} />`;
  const send = () => {
    submit(one.id, body({ type: "interactive", interactive: build(kind, whole) }));
    onClose();
  };
  const good = complete(kind, whole) && short(build(kind, whole), limits);
  return html`<${Dialog} title=${t("send_interactive")} onClose=${onClose} class="wide" footer=${html`<button type="button" class="button" onClick=${onClose}>${t("cancel")}</button><button type="button" class="button primary" disabled=${!good} onClick=${send}><${Icon} name="send-horizontal" size=${16} /> ${t("send")}</button>`}>
    <div class="segments" role="group" aria-label=${t("kind")}>${kinds.map((name) => html`<button key=${name} type="button" class="segment" aria-pressed=${kind === name} onClick=${() => setKind(name)}>${t(`build_kind_${name}`)}</button>`)}</div>
    <div class="with-preview"><div class="form">
      ${frame.headerTypes?.includes("text") && field("header", frame.maxHeader)}${field("body", frame.maxBody, { rows: 3, autofocus: true, unit: frame.bodyUnit })}${frame.maxFooter > 0 && field("footer", frame.maxFooter)}
      ${(kind === "list" || kind === "ctaUrl" || kind === "flow") && field("button", limits.maxButton)}
      ${kind === "ctaUrl" && field("url", limits.maxUrl ?? 2048, { type: "url", placeholder: "https://" })}
      ${kind === "flow" && html`${field("flowId", 100)}${field("screen", 100)}`}
      ${(kind === "buttons" || kind === "list") && html`<${Rows} kind=${kind} limits=${limits} rows=${it.rows} onChange=${(/** @type {any} */ rows) => set({ rows })} />`}
    </div>
    <div class="preview" role="group" aria-label=${t("preview")}><div class="message out first last"><div class="bubble-line"><div class="bubble"><${InteractiveBody} it=${build(kind, { ...whole, body: it.body || t("build_body") })} Words=${Words} File=${() => null} /></div></div></div></div></div>
  </${Dialog}>`;
}

/** @param {{ kind: "buttons" | "list", limits: any, rows: any[], onChange: (rows: any[]) => void }} props */
function Rows({ kind, limits, rows, onChange }) {
  const most = limits.maxButtons ?? limits.maxRows;
  const change = (/** @type {number} */ index, /** @type {any} */ more) => onChange(rows.map((row, at) => (at === index ? { ...row, ...more } : row)));
  return html`<fieldset class="build-rows"><legend>${t(`build_kind_${kind}`)}</legend>
    ${rows.slice(0, most).map((row, index) => html`<div class="build-row" key=${index}>
      <${Field} label=${t("build_choice", { number: index + 1 })} max=${limits.maxTitle ?? limits.maxRowTitle} value=${row.title} onInput=${(/** @type {string} */ title) => change(index, { title })} />
      ${kind === "list" && limits.maxDescription > 0 && html`<${Field} label=${t("build_description")} max=${limits.maxDescription} value=${row.description} onInput=${(/** @type {string} */ description) => change(index, { description })} />`}
      ${rows.length > 1 && html`<${IconButton} icon="trash" size=${16} label=${t("remove", { name: row.title || t("build_choice", { number: index + 1 }) })} onClick=${() => onChange(rows.filter((_, at) => at !== index))} />`}</div>`)}
    ${rows.length < most && html`<button type="button" class="button small" onClick=${() => onChange([...rows, { title: "", description: "" }])}><${Icon} name="plus" size=${14} /> ${t("build_add")}</button>`}
  </fieldset>`;
}
