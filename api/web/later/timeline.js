// What happened to a message, in plain words.
import { html, useEffect, useState } from "../lib.js";
import { ask } from "../api.js";
import { has, t } from "../i18n.js";
import { full } from "../format.js";
import { summary } from "../thread/contents.js";
import { Dialog } from "../ui/dialog.js";
import { Icon } from "../ui/icon.js";

const BAD = ["failed", "media_failed", "possible_duplicate"];
const UNSURE = ["uncertain", "retry_due", "gate_closed", "paced", "held", "scheduled", "late_answer"];
const GOOD = ["sent", "proved"];

/** @param {any} props */
export default function Timeline({ id, onClose }) {
  const [message, setMessage] = useState(/** @type {import("../types").Message | null} */ (null));
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    ask("GET", `/v1/messages/${id}`).then(setMessage, () => setFailed(true));
  }, [id]);
  return html`<${Dialog} title=${t("what_happened")} onClose=${onClose} class="narrow">
    ${failed && html`<p class="faint">${t("details_failed")}</p>`}
    ${!message && !failed && html`<p class="center"><${Icon} name="loader-circle" class="spin" /></p>`}
    ${message && html`<p class="timeline-what" dir="auto">${summary(message.content)}</p>
      ${message.failure && html`<div class="timeline-failure"><b>${has(`failure_${message.failure.code}`) ? t(`failure_${message.failure.code}`) : message.failure.title}</b>
        ${message.failure.detail && html`<p>${message.failure.detail}</p>`}
        <p class="faint">${message.failure.code}${message.failure.providerCode ? ` · ${t("provider_code", { code: message.failure.providerCode })}` : ""}</p></div>`}
      <ol class="timeline">${(message.timeline ?? []).map((entry, index) => html`<li key=${index} class=${tone(entry)}>
        <span class="timeline-dot" aria-hidden="true" /><span><b>${inWords(entry)}</b>${more(entry) && html`<span class="faint" dir="auto">${more(entry)}</span>`}<time class="faint" dateTime=${entry.at}>${full(entry.at)}</time></span></li>`)}</ol>`}
  </${Dialog}>`;
}

/** @param {import("../types").TimelineEntry} entry */
const tone = ({ event, detail }) =>
  BAD.includes(event) || (event === "status" && word(detail) === "failed") ? "bad" : UNSURE.includes(event) ? "unsure" : GOOD.includes(event) || event === "status" ? "good" : "";

/** A report's own word. @param {any} detail */
const word = (detail) => (typeof detail === "string" ? detail : (detail?.status ?? detail?.word ?? ""));

/** @param {import("../types").TimelineEntry} entry */
function inWords(entry) {
  const report = word(entry.detail);
  if (entry.event === "status" && has(`status_${report}`)) return t(`event_status`, { status: t(`status_${report}`) });
  const key = `event_${entry.event}`;
  const text = has(key) ? t(key) : entry.text;
  return entry.attempt && entry.attempt > 1 ? `${text} (${t("attempt", { number: entry.attempt })})` : text;
}

/** @param {import("../types").TimelineEntry} entry */
function more({ detail }) {
  if (!detail || typeof detail !== "object") return "";
  const until = detail.until ? t("until", { time: full(detail.until) }) : "";
  return [detail.title ?? detail.reason ?? detail.detail ?? "", until].filter(Boolean).join(" · ");
}
