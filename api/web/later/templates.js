// Templates: search, fill the gaps, see what the contact will see, send.
import { html, useMemo, useState } from "../lib.js";
import { upload } from "../api.js";
import { t } from "../i18n.js";
import { submit } from "../store/outbox.js";
import { gaps, part, templates } from "../thread/templates.js";
import { Words } from "../thread/contents.js";
import { FilledTemplate } from "../thread/template.js";
import { Dialog, tell } from "../ui/dialog.js";
import { Icon } from "../ui/icon.js";
import { Field } from "./field.js";

/** @typedef {import("../types").Template} Template */
/** @typedef {{ key: string, label: string, where: "header" | "body" | "button", name: string, index?: number, kind?: string }} Gap */

const MOST_LETTERS = 1_024;
const FILES = ["IMAGE", "VIDEO", "DOCUMENT"];

/** Every gap of a template: of its header, body and buttons. @param {Template} template @returns {Gap[]} */
function allGaps(template) {
  const header = part(template, "HEADER");
  /** @type {Gap[]} */
  const found = [];
  if (header?.format === "TEXT") found.push(...gaps(header.text).map((name) => ({ key: `h${name}`, label: t("gap_header", { name }), where: /** @type {const} */ ("header"), name })));
  if (FILES.includes(header?.format)) found.push({ key: "hfile", label: t(`type_${header.format.toLowerCase()}`), where: "header", name: "file", kind: header.format });
  found.push(...gaps(part(template, "BODY")?.text).map((name) => ({ key: `b${name}`, label: /^\d+$/.test(name) ? t("gap", { name }) : name.replaceAll("_", " "), where: /** @type {const} */ ("body"), name })));
  (part(template, "BUTTONS")?.buttons ?? []).forEach((/** @type {any} */ button, /** @type {number} */ index) => {
    if (button.type === "URL" && gaps(button.url).length) found.push({ key: `u${index}`, label: t("gap_url", { name: button.text }), where: "button", name: "1", index, kind: "url" });
    if (button.type === "COPY_CODE" || button.type === "OTP") found.push({ key: `u${index}`, label: t("gap_code", { name: button.text }), where: "button", name: "1", index, kind: button.type === "OTP" ? "url" : "copy_code" });
  });
  return found;
}

/** What is sent: `parameters` where only the body has gaps, else the provider's own components. @param {Template} template @param {Record<string, string>} values */
function contentOf(template, values) {
  const list = allGaps(template);
  const body = list.filter((gap) => gap.where === "body");
  const base = { type: "template", name: template.name, language: template.language };
  const positional = body.every((gap) => /^\d+$/.test(gap.name));
  if (!list.length) return base;
  if (body.length === list.length) return { ...base, parameters: positional ? body.map((gap) => values[gap.key] ?? "") : Object.fromEntries(body.map((gap) => [gap.name, values[gap.key] ?? ""])) };
  /** @type {any[]} */
  const components = [];
  const header = list.filter((gap) => gap.where === "header");
  if (header.length) components.push({ type: "header", parameters: header.map((gap) => (gap.kind ? fileParameter(gap.kind.toLowerCase(), values) : { type: "text", text: values[gap.key] ?? "" })) });
  if (body.length) components.push({ type: "body", parameters: body.map((gap) => ({ type: "text", text: values[gap.key] ?? "", ...(positional ? {} : { parameter_name: gap.name }) })) });
  for (const gap of list.filter((one) => one.where === "button")) {
    components.push({ type: "button", sub_type: gap.kind, index: String(gap.index), parameters: [gap.kind === "copy_code" ? { type: "coupon_code", coupon_code: values[gap.key] ?? "" } : { type: "text", text: values[gap.key] ?? "" }] });
  }
  return { ...base, components };
}

/** @param {string} kind @param {Record<string, string>} values */
const fileParameter = (kind, values) => ({ type: kind, [kind]: { link: values.hfile ?? "", ...(kind === "document" && values.hfileName ? { filename: values.hfileName } : {}) } });

/** @param {any} props */
export default function Templates({ one, onClose }) {
  const { list, state } = templates(one.inboxId).value;
  const [search, setSearch] = useState("");
  const [chosen, setChosen] = useState(/** @type {Template | null} */ (null));
  const [values, setValues] = useState(/** @type {Record<string, string>} */ ({}));
  const usable = list.filter((template) => template.status === "APPROVED");
  const found = usable.filter((template) => `${template.name} ${part(template, "BODY")?.text ?? ""}`.toLowerCase().replaceAll("_", " ").includes(search.trim().toLowerCase().replaceAll("_", " ")));
  const missing = chosen ? allGaps(chosen).some(({ key }) => !values[key]?.trim() || [...values[key]].length > MOST_LETTERS) : true;
  const send = () => {
    if (!chosen || missing) return;
    submit(one.id, { content: contentOf(chosen, values) });
    onClose();
  };
  if (chosen) {
    return html`<${Dialog} title=${chosen.name} onClose=${onClose} class="wide" footer=${html`<button type="button" class="button" onClick=${() => (setChosen(null), setValues({}))}>${t("back")}</button><button type="button" class="button primary" disabled=${missing} onClick=${send}><${Icon} name="send-horizontal" size=${16} /> ${t("send")}</button>`}>
      <div class="with-preview"><div class="form"><${Gaps} template=${chosen} values=${values} onChange=${setValues} /></div><${Preview} template=${chosen} values=${values} /></div>
    </${Dialog}>`;
  }
  return html`<${Dialog} title=${t("send_template")} onClose=${onClose} class="wide">
    <input type="search" class="field" autofocus placeholder=${t("search_templates")} aria-label=${t("search_templates")} value=${search} onInput=${(/** @type {any} */ event) => setSearch(event.target.value)} />
    ${state === "loading" && html`<p class="center"><${Icon} name="loader-circle" class="spin" /></p>`}
    ${state === "failed" && html`<p class="faint">${t("templates_failed")}</p>`}
    ${state === "ready" && !found.length && html`<p class="faint">${t("nothing_found")}</p>`}
    <ul class="template-list">${found.map((template) => html`<li key=${template.id + template.language}><button type="button" onClick=${() => setChosen(template)}>
      <span class="template-line"><b>${template.name.replaceAll("_", " ")}</b><span class="tag">${template.language}</span><span class="tag">${template.category.toLowerCase()}</span></span>
      <span class="faint" dir="auto">${part(template, "BODY")?.text}</span></button></li>`)}</ul>
  </${Dialog}>`;
}

/** @param {{ template: Template, values: Record<string, string>, onChange: (values: Record<string, string>) => void }} props */
function Gaps({ template, values, onChange }) {
  const list = useMemo(() => allGaps(template), [template]);
  const [busy, setBusy] = useState(false);
  const choose = async (/** @type {File | undefined} */ file) => {
    if (!file) return;
    setBusy(true);
    try {
      const media = await upload(file, () => {}, new AbortController().signal);
      onChange({ ...values, hfile: new URL(media.url, location.href).href, hfileName: file.name });
    } catch (error) {
      tell(/** @type {any} */ (error).problem?.detail || t("upload_failed"), "bad");
    }
    setBusy(false);
  };
  if (!list.length) return html`<p class="faint">${t("no_gaps")}</p>`;
  return list.map((gap) => gap.name === "file"
    ? html`<div class="form-field" key=${gap.key}><label>${gap.label}<input type="file" class="field" onChange=${(/** @type {any} */ event) => choose(event.target.files[0])} /></label>${busy && html`<span class="faint" role="status">${t("uploading_file")}</span>`}</div>`
    : html`<${Field} key=${gap.key} label=${gap.label} value=${values[gap.key] ?? ""} max=${MOST_LETTERS} onInput=${(/** @type {string} */ text) => onChange({ ...values, [gap.key]: text })} />`);
}

/** @param {{ template: Template, values: Record<string, string> }} props */
function Preview({ template, values }) {
  return html`<div class="preview" aria-live="polite" aria-label=${t("preview")} role="group"><div class="message out first last"><div class="bubble-line"><div class="bubble"><${FilledTemplate} content=${contentOf(template, values)} template=${template} Words=${Words} /></div></div></div></div>`;
}
