// Beside the phone: what shall go wrong, what was accepted, and how the sandbox behaves.
import { html } from "../base/html.js";
import { Tabs } from "../base/tabs.js";
import { Accounts } from "./accounts.js";
import { Behaviour } from "./behaviour.js";
import { Faults } from "./faults.js";
import { Ledger } from "./ledger.js";

const TABS = [
  { id: "faults", label: "Faults", Panel: Faults },
  { id: "ledger", label: "Ledger", Panel: Ledger },
  { id: "behaviour", label: "Behaviour", Panel: Behaviour },
  { id: "accounts", label: "Accounts", Panel: Accounts },
];

export const Tools = () => html`<section class="tools" aria-label="Faults and ledger"><${Tabs} name="Tools" tabs=${TABS} /></section>`;
