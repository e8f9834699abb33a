// What the channel of an inbox can carry, as the API tells it (`capabilities` of `GET /v1/inboxes/{id}`); what WhatsApp carries until
// it has told, and where that may not be known.
import { signal } from "../lib.js";
import { ask } from "../api.js";

/**
 * @typedef {object} Capabilities
 * @property {string[]} contentTypes
 * @property {number | null} replyWindowSeconds null where there is no window
 * @property {import("./length.js").Limit} text
 * @property {{ type: string, mimeTypes: string[], maxBytes: number, maxCaption: number }[]} media
 * @property {{ buttons: any, list: any, ctaUrl: any, flow: any }} interactive null where a kind cannot be sent
 * @property {boolean} reactions
 * @property {boolean} quotes
 * @property {boolean} templates
 */

const FRAME = { headerTypes: ["text"], bodyUnit: "characters", maxHeader: 60, maxBody: 1_024, maxFooter: 60 };
/** @type {Capabilities} */
const DEFAULT = {
  contentTypes: ["text", "image", "video", "audio", "document", "sticker", "location", "contacts", "reaction", "template", "interactive"],
  replyWindowSeconds: 86_400,
  text: { maxLength: 4_096, unit: "characters" },
  media: [
    { type: "image", mimeTypes: ["image/jpeg", "image/png"], maxBytes: 5_000_000, maxCaption: 1_024 },
    { type: "video", mimeTypes: ["video/mp4", "video/3gpp"], maxBytes: 16_000_000, maxCaption: 1_024 },
    { type: "audio", mimeTypes: ["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"], maxBytes: 16_000_000, maxCaption: 0 },
    { type: "document", mimeTypes: ["*/*"], maxBytes: 100_000_000, maxCaption: 1_024 },
  ],
  interactive: {
    buttons: { frame: FRAME, maxButtons: 3, maxTitle: 20 },
    list: { frame: { ...FRAME, maxBody: 4_096 }, maxButton: 20, maxRows: 10, maxRowTitle: 24, maxDescription: 72 },
    ctaUrl: { frame: FRAME, maxButton: 20, maxUrl: 2_048 },
    flow: { frame: FRAME, maxButton: 20 },
  },
  reactions: true,
  quotes: true,
  templates: true,
};
const AGAIN_MS = 10_000;

/** @type {Map<string, { value: Capabilities }>} */
const known = new Map();

/** @param {string} inboxId @returns {Capabilities} */
export function capabilities(inboxId) {
  let held = known.get(inboxId);
  if (!held) {
    held = signal(DEFAULT);
    known.set(inboxId, held);
    const fresh = held;
    ask("GET", `/v1/inboxes/${inboxId}`).then(
      (inbox) => inbox.capabilities && (fresh.value = inbox.capabilities),
      () => setTimeout(() => known.delete(inboxId), AGAIN_MS),
    );
  }
  return held.value;
}

/** Whether a rule is for such a file. @param {Capabilities["media"][number]} rule @param {string} mimeType */
const fits = (rule, mimeType) => rule.mimeTypes.some((one) => one === "*/*" || one === mimeType || (one.endsWith("/*") && mimeType.startsWith(one.slice(0, -1))));

/** The rule by which a file goes: as what it is, else as a document; never as a sticker by chance. @param {Capabilities} of @param {{ type: string, size: number }} file @param {string[]} can */
export const ruleFor = (of, { type, size }, can) => rulesFor(of, type, can).find((rule) => size <= rule.maxBytes) ?? null;

/** Most bytes that a file of this type may have; 0 where none is taken. @param {Capabilities} of @param {string} type @param {string[]} can */
export const largest = (of, type, can) => Math.max(0, ...rulesFor(of, type, can).map((rule) => rule.maxBytes));

/** @param {Capabilities} of @param {string} type @param {string[]} can */
const rulesFor = (of, type, can) =>
  ["image", "video", "audio", "document"].flatMap((kind) => of.media.filter((rule) => rule.type === kind)).filter((rule) => can.includes(rule.type) && fits(rule, type || "application/octet-stream"));
