// Whose phone it is: the contacts kept here, and those the sandbox has heard of.
import { call } from "../base/api.js";
import { html, useEffect, useState } from "../base/html.js";
import { Icon } from "../base/icons.js";
import { Sheet } from "../base/sheet.js";
import { initial } from "./parts.js";
import { hold, keep, store } from "./state.js";

// The sandbox's spelling: digits, or a user id as it is.
const normal = (address) => (/^[A-Z]{2}\./.test(address.trim()) ? address.trim() : address.replace(/[\s()+-]/g, ""));

export function People({ close }) {
  const { contacts, me } = store.use((state) => state);
  const [heard, setHeard] = useState([]);
  useEffect(() => {
    call("GET", "/contacts").then(({ contacts: found }) => setHeard(found), () => {});
  }, []);
  const others = heard.filter(({ address }) => !contacts.some((contact) => contact.address === address));
  const be = (contact) => {
    if (!contacts.some((known) => known.address === contact.address)) keep([...contacts, contact]);
    hold(contact.address);
    close();
  };
  const drop = (address) => {
    keep(contacts.filter((contact) => contact.address !== address));
  };
  return html`<${Sheet} title="Whose phone is this?" close=${close}>
    <ul class="people">${contacts.map((contact) => html`<${Person} key=${contact.address} contact=${contact} be=${be} chosen=${contact.address === me} drop=${contact.address !== me && drop} />`)}</ul>
    ${others.length > 0 && html`<h3>Also written to or heard from</h3>
      <ul class="people">${others.slice(0, 20).map(({ address, name }) => html`<${Person} key=${address} contact=${{ address, name: name ?? `+${address}` }} be=${be} />`)}</ul>`}
    <${New} be=${be} />
  <//>`;
}

const Person = ({ contact, be, chosen, drop }) => html`<li>
  <button type="button" class="person" aria-current=${chosen ? "true" : undefined} onClick=${() => be(contact)}>
    <span class="avatar own" aria-hidden="true">${initial(contact.name)}</span>
    <span class="who"><b dir="auto">${contact.name}</b><small>${/^\d/.test(contact.address) ? `+${contact.address}` : contact.address}</small></span>
    ${chosen && html`<${Icon} name="tick" label="This is you" />`}</button>
  ${drop && html`<button type="button" class="icon" aria-label=${`Forget ${contact.name}`} onClick=${() => drop(contact.address)}><${Icon} name="close" /></button>`}</li>`;

function New({ be }) {
  const [wrong, setWrong] = useState("");
  const submit = (event) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(event.target));
    const address = normal(given.address);
    if (!/^(\d{5,20}|[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128})$/.test(address)) {
      setWrong("A number needs 5 to 20 digits; a user id looks like US.1349.");
      return;
    }
    be({ address, name: given.name.trim() || `+${address}` });
  };
  return html`<form class="fields new" onSubmit=${submit}><h3>Somebody else</h3>
    <label>Name<input name="name" autocomplete="off" dir="auto" /></label>
    <label>Number or user id<input name="address" autocomplete="off" inputmode="tel" required /></label>
    ${wrong && html`<p class="bad" role="alert">${wrong}</p>`}
    <button class="main" type="submit">Take this phone</button></form>`;
}
