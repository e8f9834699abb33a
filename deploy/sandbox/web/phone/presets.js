// The faults that have a switch, with each provider's own code for them.
const code = (channel, codes) => codes[channel] ?? codes.whatsapp;

export const presets = (channel) => [
  { group: "When the business sends" },
  { label: "Slow", hint: "The answer takes 3 seconds", fault: { delayMs: 3000 } },
  { label: "Too many requests", hint: "429, try again in 5 seconds", fault: { refuse: { httpStatus: 429, code: code(channel, { whatsapp: 130429, text: 20429 }), retryAfter: 5 } } },
  { label: "Server error", hint: "500, nothing is accepted", fault: { refuse: { httpStatus: 500, code: code(channel, { whatsapp: 131000, text: 20500 }) } } },
  { label: "Unavailable for now", hint: "503, said to pass", fault: { refuse: { httpStatus: 503, code: code(channel, { whatsapp: 2, text: 20503 }), isTransient: true } } },
  { label: "Token refused", hint: "401, the account needs care", fault: { refuse: { httpStatus: 401, code: code(channel, { whatsapp: 190, text: 20003 }) } } },
  { label: "Contact cannot be written to", hint: "400, for good", fault: { refuse: { httpStatus: 400, code: code(channel, { whatsapp: 131026, text: 21610 }) } } },
  { label: "Cut before acceptance", hint: "The connection breaks, nothing is accepted", fault: { drop: "beforeAccept" } },
  { label: "Cut after acceptance", hint: "Accepted, but the business never hears so", fault: { drop: "afterAccept" } },
  { label: "Answer held", hint: "Accepted, the answer comes after a minute", fault: { holdMs: 60000 } },
  { group: "What is told afterwards" },
  { label: "Fails after acceptance", hint: "A failed status in place of all others", fault: { status: { failCode: code(channel, { whatsapp: 131026, text: 30005 }) } } },
  { label: "Statuses late", hint: "5 seconds", fault: { status: { delayMs: 5000 } } },
  { label: "Statuses twice", fault: { status: { duplicate: 1 } } },
  { label: "Statuses in reverse", fault: { status: { reorder: true } } },
  { label: "No statuses", fault: { status: { suppress: ["sent", "delivered", "read"] } } },
  { label: "Statuses without our reference", fault: { status: { dropCorrelation: true } } },
  { group: "When the business fetches a file" },
  { label: "Look-up fails", hint: "500", fault: { media: { on: "lookUp", httpStatus: 500 } }, everywhere: true },
  { label: "Download fails", hint: "500", fault: { media: { on: "download", httpStatus: 500 } }, everywhere: true },
  { label: "Download cut", fault: { media: { on: "download", cut: true } }, everywhere: true },
];

// Whether a rule's fault is this one, whatever the order of its fields.
export const same = (one, other) => canonical(one) === canonical(other);
const canonical = (value) =>
  value && typeof value === "object" && !Array.isArray(value)
    ? `{${Object.keys(value).sort().map((key) => `${key}:${canonical(value[key])}`).join()}}`
    : JSON.stringify(value);

// A fault in words, for the list of rules.
export function words(fault) {
  const { delayMs, refuse, drop, holdMs, status = {}, media } = fault;
  return [
    delayMs !== undefined && `${delayMs} ms slower`,
    refuse && `refused with ${refuse.httpStatus}, code ${refuse.code}${refuse.retryAfter !== undefined ? `, retry after ${refuse.retryAfter} s` : ""}`,
    drop && (drop === "beforeAccept" ? "cut before acceptance" : "cut after acceptance"),
    holdMs !== undefined && `answer held for ${holdMs} ms`,
    status.failCode !== undefined && `fails with ${status.failCode}`,
    status.delayMs !== undefined && `statuses ${status.delayMs} ms late`,
    status.duplicate && `${status.duplicate + 1} of each status`,
    status.reorder && "statuses in reverse",
    status.suppress?.length && `no ${status.suppress.join(", ")}`,
    status.dropCorrelation && "statuses without reference",
    media && `${media.on === "lookUp" ? "look-up" : "download"} of files: ${[media.delayMs !== undefined && `${media.delayMs} ms slower`, media.httpStatus, media.cut && "cut"].filter(Boolean).join(", ")}`,
  ].filter(Boolean).join("; ");
}
