// What a contact can send besides words, and the fields of each. A channel names the kinds it takes.
const number = (value) => Number(value);

export const KINDS = {
  image: { label: "Photo", icon: "image", file: true },
  video: { label: "Video", icon: "video", file: true },
  voice: { label: "Voice message", icon: "voice", file: true, captionless: true },
  audio: { label: "Audio", icon: "audio", file: true, captionless: true },
  document: { label: "Document", icon: "document", file: true },
  sticker: { label: "Sticker", icon: "sticker", file: true, captionless: true },
  location: {
    label: "Location",
    icon: "location",
    fields: [
      { name: "name", label: "Name", value: "Café Central" },
      { name: "address", label: "Address", value: "Herrengasse 14, Vienna" },
      { name: "latitude", label: "Latitude", value: "48.2104", pattern: "-?[0-9.]+", need: true },
      { name: "longitude", label: "Longitude", value: "16.3655", pattern: "-?[0-9.]+", need: true },
    ],
    make: ({ latitude, longitude, ...rest }) => ({
      type: "location",
      location: { latitude: number(latitude), longitude: number(longitude), ...filled(rest) },
    }),
  },
  contacts: {
    label: "Contact",
    icon: "contacts",
    fields: [
      { name: "name", label: "Name", value: "Maya Brandt", need: true },
      { name: "phone", label: "Phone", value: "+49 30 901820" },
      { name: "email", label: "Email", value: "maya@example.com" },
    ],
    make: ({ name, phone, email }) => ({
      type: "contacts",
      contacts: [
        {
          name: { formatted_name: name, first_name: name.split(" ")[0] },
          ...(phone && { phones: [{ phone, type: "CELL" }] }),
          ...(email && { emails: [{ email, type: "WORK" }] }),
        },
      ],
    }),
  },
  order: {
    label: "Order",
    icon: "order",
    fields: [
      { name: "product", label: "Product", value: "lemon-cake", need: true },
      { name: "quantity", label: "Quantity", value: "2", pattern: "[1-9][0-9]*", need: true },
      { name: "price", label: "Price of one", value: "9.25", pattern: "[0-9.]+", need: true },
      { name: "currency", label: "Currency", value: "EUR", pattern: "[A-Z]{3}", need: true },
      { name: "text", label: "Words", value: "" },
    ],
    make: ({ product, quantity, price, currency, text }) => ({
      type: "order",
      order: {
        catalog_id: "1",
        text,
        product_items: [{ product_retailer_id: product, quantity: number(quantity), item_price: number(price), currency }],
      },
    }),
  },
  referral: {
    label: "Came from an ad",
    icon: "referral",
    fields: [
      { name: "body", label: "Words", value: "Hello! Can I get more info on this?", need: true },
      { name: "headline", label: "Headline of the ad", value: "Lemon cakes, baked today" },
      { name: "source_url", label: "Address", value: "https://example.com/ad/42" },
      { name: "source_type", label: "Kind", value: "ad", options: ["ad", "post"] },
    ],
    make: ({ body, ...referral }) => ({
      type: "text",
      text: { body },
      referral: { source_id: "42", ctwa_clid: "click-42", media_type: "image", body: "Order before noon", ...filled(referral) },
    }),
  },
  system: {
    label: "Changed number",
    icon: "system",
    fields: [{ name: "wa_id", label: "New number", value: "16505559999", pattern: "[0-9]{5,20}", need: true }],
    make: ({ wa_id }, { name }) => ({
      type: "system",
      system: { body: `${name} changed to +${wa_id}`, wa_id, type: "user_changed_number" },
    }),
  },
  echo: {
    label: "As the business",
    icon: "business",
    hint: "Written on the business's own phone: the inbox hears of it as an echo.",
    fields: [{ name: "body", label: "Words", value: "Written on the shop's phone", need: true }],
    make: ({ body }) => ({ as: "business", type: "text", text: { body } }),
  },
  stop: {
    label: "STOP or START",
    icon: "stop",
    fields: [{ name: "body", label: "Word", value: "STOP", options: ["STOP", "START", "HELP", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "YES"] }],
    make: ({ body }) => ({ type: "text", text: { body } }),
  },
  subscription: {
    label: "Unsubscribe",
    icon: "stop",
    fields: [{ name: "eventType", label: "Event", value: "UNSUBSCRIBE", options: ["UNSUBSCRIBE", "SUBSCRIBE"] }],
    make: ({ eventType }) => ({ type: "event", event: { eventType } }),
  },
  postback: {
    label: "Menu or button",
    icon: "list",
    fields: [
      { name: "title", label: "Title", value: "Get started", need: true },
      { name: "payload", label: "Payload", value: "GET_STARTED", need: true },
    ],
    make: (postback) => ({ type: "postback", postback }),
  },
  story_reply: {
    label: "Answer to a story",
    icon: "reply",
    fields: [
      { name: "text", label: "Words", value: "Love this!", need: true },
      { name: "url", label: "Address of the story", value: "https://example.com/story.jpg", need: true },
    ],
    make: ({ text, url }) => ({ type: "story_reply", story_reply: { text, url, id: "17855000000000001" } }),
  },
  story_mention: {
    label: "Mention in a story",
    icon: "image",
    fields: [{ name: "url", label: "Address of the story", value: "https://example.com/story.jpg", need: true }],
    make: ({ url }) => ({ type: "story_mention", story_mention: { url } }),
  },
  unsupported: {
    label: "Unsupported",
    icon: "unsupported",
    hint: "Of a type that the business's API does not carry, as a poll.",
    fields: [],
    make: () => ({
      type: "unsupported",
      errors: [{ code: 131051, title: "Message type unknown", message: "Message type unknown", error_data: { details: "Message type is currently not supported." } }],
    }),
  },
  // Whatever else the sandbox takes, as it takes it.
  other: {
    label: "Anything, as JSON",
    icon: "form",
    hint: "The body of POST /contacts/{address}/messages; channel, to and name are filled in.",
    fields: [{ name: "json", label: "Message", value: '{\n  "type": "text",\n  "text": { "body": "hi" },\n  "context": { "forwarded": true }\n}', rows: 9, need: true }],
    make: ({ json }) => JSON.parse(json),
  },
};

// Marks on messages that are already there are made from their bubbles.
export const ON_BUBBLES = ["text", "reaction", "reply", "edit", "revoke"];
export const kindsOf = (channel) => [...channel.types.filter((type) => !ON_BUBBLES.includes(type) && KINDS[type]), "other"];

const filled = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
