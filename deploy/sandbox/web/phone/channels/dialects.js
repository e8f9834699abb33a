// What a contact says, in the words that the sandbox takes for the channel. The page speaks WhatsApp's; others are told their own.
const meta = (message) => {
  const { type, context, ...rest } = message;
  const said = META[type]?.(message) ?? { type, ...rest };
  return context?.id ? { ...said, reply_to: { mid: context.id } } : said;
};

const META = {
  text: ({ text, referral }) =>
    referral
      ? { type: "referral", referral: { source: "ADS", type: "OPEN_THREAD", ref: referral.headline, ad_id: referral.source_id } }
      : { type: "text", text },
  reaction: ({ reaction }) => ({ type: "reaction", reaction: { mid: reaction.message_id, emoji: reaction.emoji } }),
  edit: ({ edit }) => ({ type: "edit", edit: { mid: edit.original_message_id, text: edit.message.text.body } }),
  revoke: ({ revoke }) => ({ type: "unsend", unsend: { mid: revoke.original_message_id } }),
  location: ({ location }) => ({ type: "location", location: { lat: location.latitude, long: location.longitude } }),
  document: ({ document }) => ({ type: "file", file: document }),
};

const rcs = ({ context, ...message }) => message;
const DIALECTS = { messenger: meta, instagram: meta, rcs };

export const dialect = (channel, message) => (DIALECTS[channel] ?? ((same) => same))(message);
