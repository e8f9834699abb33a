// From the messages of a chat to what stands in it: reactions on their bubbles, edits in place, days between.
import { describe } from "./channels/index.js";

// Who wrote an entry may change it; anybody may react to it.
export function thread(channel, entries, sender) {
  const shown = [];
  const byId = new Map();
  for (const entry of entries) {
    const said = describe(channel, entry, sender);
    const target = byId.get(said.target);
    if (said.mark === "system") shown.push({ note: said.text, entry });
    else if (said.mark && target) mark(target, said, entry);
    else if (said.mark) shown.push({ note: stray(said, entry), entry });
    else {
      const item = { entry, said, reactions: {}, edited: false, deleted: false };
      byId.set(entry.id, item);
      shown.push(item);
    }
  }
  for (const item of shown) {
    if (item.said?.quote) item.quoted = byId.get(item.said.quote) ?? { missing: true };
  }
  return grouped(shown);
}

function mark(target, said, entry) {
  if (said.mark === "reaction") target.reactions[entry.from] = said.emoji;
  if (said.mark === "edit") Object.assign(target, { said: { ...target.said, parts: said.parts }, edited: true });
  if (said.mark === "revoke") target.deleted = true;
}

function stray(said, entry) {
  const who = entry.from === "contact" ? "You" : "The business";
  if (said.mark === "reaction") return said.emoji ? `${who} reacted ${said.emoji} to an earlier message` : `${who} took a reaction back`;
  return `${who} ${said.mark === "edit" ? "edited" : "deleted"} an earlier message`;
}

const CLOSE = 5 * 60_000;

function grouped(items) {
  let day = "";
  let before = null;
  for (const item of items) {
    const at = new Date(item.entry.at);
    const own = at.toDateString();
    item.day = own === day ? null : at;
    day = own;
    item.first = Boolean(item.day || before?.note || before?.entry.from !== item.entry.from || at - new Date(before.entry.at) > CLOSE);
    before = item;
  }
  return items;
}

// One line for lists, quotes and screen readers.
export function summary(said) {
  if (!said) return "";
  if (said.mark === "reaction") return said.emoji ? `Reacted ${said.emoji}` : "Took a reaction back";
  if (said.mark === "edit") return `Edited: ${summary({ parts: said.parts })}`;
  if (said.mark === "revoke") return "Deleted a message";
  if (said.mark === "system") return said.text;
  return (said.parts ?? []).map(line).filter(Boolean).join(" · ") || "Message";
}

const KINDS = { image: "Photo", video: "Video", audio: "Audio", voice: "Voice message", document: "Document", sticker: "Sticker" };

function line(part) {
  switch (part.as) {
    case "text":
      return part.tone === "footer" ? "" : part.text;
    case "note":
      return part.text;
    case "file":
      return part.name ?? KINDS[part.kind];
    case "location":
      return `Location${part.name ? `: ${part.name}` : ""}`;
    case "contacts":
      return `Contact: ${part.people.map((person) => person.name).join(", ")}`;
    case "order":
      return `Order of ${part.items.length} ${part.items.length === 1 ? "product" : "products"}`;
    case "cards":
      return `${part.cards.length} ${part.cards.length === 1 ? "card" : "cards"}`;
    default:
      return "";
  }
}
