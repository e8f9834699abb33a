// The emails caught, newest first, with a search over what one remembers of an email.
import { html, useState } from "../base/html.js";
import { shortDay } from "../phone/times.js";

export function List({ emails, address, loaded, chosen, clear }) {
  const [wanted, setWanted] = useState("");
  const has = (email) => `${email.subject} ${email.sender} ${email.recipients.join(" ")} ${email.text}`.toLowerCase().includes(wanted.toLowerCase());
  const found = emails.filter(has).reverse();
  return html`<nav class="inbox" aria-label="Emails">
    <div class="inbox-head"><h2>Mail</h2><span class="faint">${emails.length === 1 ? "1 email" : `${emails.length} emails`}${address ? `, by SMTP on ${address}` : ""}</span>
      <button type="button" class="small" disabled=${!emails.length} onClick=${clear}>Delete all</button>
      <input type="search" aria-label="Search" placeholder="Search" value=${wanted} onInput=${(event) => setWanted(event.target.value)} /></div>
    ${loaded && !address && html`<p class="empty">No mail is caught: start the sandbox with <code>--mail-listen</code>.</p>`}
    ${loaded && address && !emails.length && html`<p class="empty">No email yet. What is sent to ${address} appears here.</p>`}
    ${emails.length > 0 && !found.length && html`<p class="empty">No email has that in it.</p>`}
    <ol>${found.map((email) => html`<li key=${email.n}><a href=${`#${email.n}`} class="email-row" aria-current=${email.n === chosen ? "true" : undefined}>
      <span class="avatar own" aria-hidden="true">${[...(email.recipients[0] ?? "?")][0].toUpperCase()}</span>
      <span class="about-chat"><b dir="auto">${email.subject || "(no subject)"}</b><small dir="auto">to ${email.recipients.join(", ")}</small>
        <span class="line" dir="auto">${(email.text ?? "").slice(0, 120)}</span></span>
      <time datetime=${email.at}>${shortDay(email.at)}</time></a></li>`)}</ol></nav>`;
}
