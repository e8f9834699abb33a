// The phone page: a contact's phone, and beside it what goes wrong and what was accepted.
import { html, render, useEffect, useState } from "../base/html.js";
import { startMode } from "../base/mode.js";
import { Top } from "../base/top.js";
import { Chat } from "./chat.js";
import { Chats, chatsOf } from "./chats.js";
import { People } from "./people.js";
import { say, start, store } from "./state.js";
import { Tools } from "./tools.js";

function App() {
  const { open, notice, connection } = store.use((state) => state);
  const [choosing, setChoosing] = useState(false);
  const [tools, setTools] = useState(false);
  const count = store.use((state) => chatsOf(state).reduce((sum, chat) => sum + chat.count, 0));
  useEffect(() => {
    document.title = count ? `(${count}) Phone` : "Phone";
  }, [count]);
  return html`<${Top} page="phone" connection=${connection} tools=${tools} setTools=${setTools} toolsName="Faults and ledger" />
    <main class=${`desk ${tools ? "tools-open" : ""}`}>
      <div class="phone" aria-label="The contact's phone" role="group">
        <div class="glass">
          ${connection === "lost" && html`<p class="banner" role="alert">The sandbox does not answer. Trying again…</p>`}
          ${notice && html`<p class="banner" role="status"><span>${notice}</span><button type="button" onClick=${() => say("")}>Close</button></p>`}
          ${open ? html`<${Chat} chat=${open} />` : html`<${Chats} choose=${() => setChoosing(true)} />`}
        </div>
      </div>
      <${Tools} />
    </main>
    ${choosing && html`<${People} close=${() => setChoosing(false)} />`}`;
}

startMode();
render(html`<${App} />`, document.getElementById("app"));
start();
