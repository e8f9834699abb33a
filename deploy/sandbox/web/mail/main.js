// The mail page: every email the sandbox caught, live, and what shall go wrong with the next.
import { call, watch } from "../base/api.js";
import { html, render, useState } from "../base/html.js";
import { startMode } from "../base/mode.js";
import { createStore } from "../base/store.js";
import { Tabs } from "../base/tabs.js";
import { Top } from "../base/top.js";
import { Email } from "./email.js";
import { MailFaults } from "./faults.js";
import { List } from "./list.js";

const store = createStore({ connection: "connecting", address: undefined, emails: [], chosen: null, notice: "", beat: 0, loaded: false });

let again = () => {};

async function load() {
  const { address, emails } = await call("GET", "/mail");
  store.set((state) => ({ address, emails, loaded: true, beat: state.beat + 1 }));
}

function fromAddress() {
  store.set({ chosen: Number(location.hash.slice(1)) || null });
}

const clear = () => call("DELETE", "/mail").then(() => again(), (error) => store.set({ notice: error.message }));

const Faults = () => html`<${MailFaults} beat=${store.use((all) => all.beat)} />`;

function App() {
  const state = store.use((all) => all);
  const [tools, setTools] = useState(false);
  const email = state.emails.find((one) => one.n === state.chosen);
  return html`<${Top} page="mail" connection=${state.connection} tools=${tools} setTools=${setTools} />
    ${state.connection === "lost" && html`<p class="banner" role="alert">The sandbox does not answer. Trying again…</p>`}
    ${state.notice && html`<p class="banner" role="status"><span>${state.notice}</span><button type="button" onClick=${() => store.set({ notice: "" })}>Close</button></p>`}
    <main class=${`mail ${email ? "reading" : ""} ${tools ? "tools-open" : ""}`}>
      <${List} ...${state} clear=${clear} />
      <${Email} email=${email} some=${state.emails.length > 0} />
      <section class="tools" aria-label="Faults of mail"><${Tabs} name="Tools" tabs=${[{ id: "mail-faults", label: "Faults", Panel: Faults }]} /></section>
    </main>`;
}

startMode();
addEventListener("hashchange", fromAddress);
fromAddress();
again = watch({
  changed: load,
  state: (connection) => store.set({ connection }),
  restarted: () => store.set({ emails: [], notice: "The sandbox was started anew: what it had caught is gone." }),
});
render(html`<${App} />`, document.getElementById("app"));
