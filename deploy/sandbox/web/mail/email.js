// One email: who, what, as HTML in a frame that runs and loads nothing, as text, and its headers.
import { html, useEffect, useRef, useState } from "../base/html.js";
import { Icon } from "../base/icons.js";

const VIEWS = [
  { id: "html", label: "HTML" },
  { id: "text", label: "Text" },
  { id: "headers", label: "Headers" },
];

export function Email({ email, some }) {
  const [view, setView] = useState("html");
  const head = useRef(null);
  useEffect(() => head.current?.focus(), [email?.n]);
  if (!email) return html`<section class="letter none" aria-label="Email"><p class="empty">${some ? "Choose an email." : "Nothing to read."}</p></section>`;
  const views = VIEWS.filter(({ id }) => id !== "html" || email.html);
  const shown = views.some(({ id }) => id === view) ? view : "text";
  return html`<section class="letter" aria-labelledby="subject">
    <header><a class="icon back" href="#" aria-label="All emails" title="All emails"><${Icon} name="back" /></a>
      <h2 id="subject" tabindex="-1" ref=${head} dir="auto">${email.subject || "(no subject)"}</h2></header>
    <dl class="answers"><dt>From</dt><dd dir="auto">${[email.from?.name, `<${email.sender}>`].filter(Boolean).join(" ")}</dd>
      <dt>To</dt><dd dir="auto">${email.recipients.join(", ")}</dd><dt>At</dt><dd>${new Date(email.at).toLocaleString()}</dd></dl>
    <div class="views" role="group" aria-label="Shown as">${views.map(({ id, label }) => html`<button type="button" class="small" aria-pressed=${id === shown} onClick=${() => setView(id)}>${label}</button>`)}</div>
    ${shown === "html" && html`<iframe key=${email.n} title="The email as HTML" src=${`/mail/${email.n}/html`} sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer"></iframe>`}
    ${shown === "text" && html`<pre tabindex="0" dir="auto">${email.text || "(no text)"}</pre>`}
    ${shown === "headers" && html`<pre tabindex="0">${email.headers.map(({ name, value }) => `${name}: ${value}`).join("\n")}</pre>`}
  </section>`;
}
