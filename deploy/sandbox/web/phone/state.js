// What the phone shows: who holds it, what was said on every channel, and which chat is open.
import { call, watch } from "../base/api.js";
import { createStore, remembered } from "../base/store.js";
import { dialect } from "./channels/dialects.js";

const FIRST_CONTACTS = [
  { address: "16505551234", name: "Ann Lee" },
  { address: "34600123456", name: "José García" },
  { address: "966501234567", name: "ليلى حسن" },
];

export const store = createStore({
  connection: "connecting",
  loaded: false,
  notice: "",
  contacts: remembered.get("contacts", FIRST_CONTACTS),
  me: remembered.get("me", FIRST_CONTACTS[0].address),
  reads: remembered.get("reads", true),
  seen: remembered.get("seen", {}),
  channels: [],
  messages: {},
  typing: {},
  open: null,
  about: null,
  compose: null,
  beat: 0,
});

export const say = (notice) => store.set({ notice });
export const holder = (state = store.get()) =>
  state.contacts.find((contact) => contact.address === state.me) ?? { address: state.me, name: state.me };
export const path = (address = store.get().me) => `/contacts/${encodeURIComponent(address)}`;
const key = (me, chat) => `${me} ${chat.channel} ${chat.with}`;
export const isOpen = (state, chat) => state.open?.channel === chat.channel && state.open?.with === chat.with;

// Sender and channel of a chat, or stand-ins where the sandbox no longer plays them.
export function ends(state, chat) {
  const channel = state.channels.find((known) => known.channel === chat.channel) ?? { channel: chat.channel, name: chat.channel, types: [] };
  const sender = channel.senders?.find((known) => known.id === chat.with) ?? { id: chat.with, name: chat.with, address: chat.with };
  return { channel, sender };
}

export const entriesOf = (state, chat) =>
  (state.messages[chat.channel] ?? []).filter((entry) => entry.with === chat.with);

export const unread = (state, chat, entries) => {
  const seen = state.seen[key(state.me, chat)] ?? 0;
  return entries.filter((entry) => entry.from === "business" && !["accepted", "queued", "failed"].includes(entry.status) && entry.n > seen).length;
};

// Each provider has its own word for what became of a message.
const told = (status = "") => (/revoked|undelivered/i.test(status) ? "failed" : status.toLowerCase());

export const position = (entry, place) => entry.n ?? place + 1;

function forget(run) {
  remembered.set("run", run);
  remembered.set("seen", {});
  store.set({ seen: {} });
}

async function load() {
  const { me } = store.get();
  const { channels, run } = await call("GET", "/control/channels");
  // What was seen of another run says nothing of this one, whose messages are counted anew.
  if (remembered.get("run") !== run) forget(run);
  const messages = {};
  const typing = {};
  await Promise.all(
    channels.map(async ({ channel }) => {
      const said = await call("GET", `${path(me)}/messages?channel=${encodeURIComponent(channel)}`).catch(() => ({ messages: [] }));
      messages[channel] = said.messages.map((entry, place) => ({ ...entry, n: position(entry, place), status: told(entry.status) }));
      typing[channel] = said.typing ?? [];
    }),
  );
  if (store.get().me !== me) return;
  store.set((state) => ({ channels, messages, typing, loaded: true, beat: state.beat + 1 }));
  await look();
}

// What is open on a visible phone has been seen; and read, if this contact lets the business know.
async function look() {
  const state = store.get();
  if (!state.open || document.hidden) return;
  const entries = entriesOf(state, state.open);
  const newest = entries.at(-1)?.n ?? 0;
  const name = key(state.me, state.open);
  if ((state.seen[name] ?? 0) < newest) {
    const seen = { ...state.seen, [name]: newest };
    remembered.set("seen", seen);
    store.set({ seen });
  }
  const { channel } = ends(state, state.open);
  const fresh = entries.some((entry) => entry.from === "business" && entry.status === "delivered");
  if (state.reads && channel.readReceipts && fresh) await read();
}

export async function read() {
  const { open } = store.get();
  await call("POST", `${path()}/read`, { channel: open.channel, to: open.with }).catch((error) => say(error.message));
}

let again = () => {};
export const refresh = () => again();

export function start() {
  again = watch({
    changed: load,
    state: (connection) => store.set({ connection }),
    restarted: () => store.set({ messages: {}, notice: "The sandbox was started anew: what was said before is gone." }),
  });
  document.addEventListener("visibilitychange", () => document.hidden || again());
  addEventListener("hashchange", fromAddress);
  fromAddress();
}

// The open chat stands in the address, so that Back leads to the list.
function fromAddress() {
  const [channel, ...rest] = location.hash.slice(1).split("/").map(decodeURIComponent);
  store.set({ open: channel && rest.length ? { channel, with: rest.join("/") } : null, about: null });
  again();
}

export const openChat = (chat) => {
  location.hash = chat ? `${encodeURIComponent(chat.channel)}/${encodeURIComponent(chat.with)}` : "";
};

export function hold(address) {
  remembered.set("me", address);
  store.set({ me: address, messages: {}, typing: {}, loaded: false });
  openChat(null);
  again();
}

export function keep(contacts) {
  remembered.set("contacts", contacts);
  store.set({ contacts });
}

export function setReads(reads) {
  remembered.set("reads", reads);
  store.set({ reads });
  again();
}

// Says something in a chat; whether it was said. A failure stands in the notice.
export async function speak(chat, message) {
  const { name } = holder();
  try {
    await call("POST", `${path()}/messages`, { channel: chat.channel, to: chat.with, name, ...dialect(chat.channel, message) });
    say("");
    await again();
    return true;
  } catch (error) {
    say(`Not sent: ${error.message}`);
    return false;
  }
}
