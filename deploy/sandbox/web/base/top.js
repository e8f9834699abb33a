// The bar over both pages: where one is, whether the sandbox is there, and the colours.
import { html } from "./html.js";
import { Icon } from "./icons.js";
import { ModeButton } from "./mode.js";

const NAMES = { phone: "A contact's phone", mail: "Mail caught by the sandbox" };
const SAID = { connecting: "Connecting", live: "Live", lost: "Not connected" };

export const Top = ({ page, connection, tools, setTools, toolsName = "Faults" }) => html`<header class="top">
  <h1 class="unseen">${NAMES[page]}</h1>
  <nav aria-label="Pages">
    <a href="/phone" aria-current=${page === "phone" ? "page" : undefined}><${Icon} name="phone" />Phone</a>
    <a href="/mail/page" aria-current=${page === "mail" ? "page" : undefined}><${Icon} name="mail" />Mail</a>
  </nav>
  <span class=${`state ${connection}`} role="status"><i></i>${SAID[connection]}</span>
  ${setTools && html`<button type="button" class="icon toggle" aria-pressed=${tools} aria-label=${toolsName} title=${toolsName} onClick=${() => setTools(!tools)}><${Icon} name="tools" /></button>`}
  <${ModeButton} />
</header>`;
