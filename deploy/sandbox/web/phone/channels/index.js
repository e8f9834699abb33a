// What a message says, whichever channel it came over: parts of a bubble, what can be pressed, or a mark on another message.
import { describe as meta } from "./meta.js";
import { describe as rcs } from "./rcs.js";
import { describe as text } from "./text.js";
import { describe as whatsapp } from "./whatsapp.js";

const CHANNELS = { whatsapp, text, messenger: meta, instagram: meta, rcs };

// The sandbox lets a contact send anything, so a message may be of any shape.
export function describe(channel, entry, sender) {
  try {
    return (CHANNELS[channel] ?? whatsapp)(entry, sender);
  } catch {
    return { parts: [{ as: "note", text: `A message of type ${entry.type} that cannot be shown` }] };
  }
}
