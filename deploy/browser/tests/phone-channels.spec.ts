// What the phone makes of messages of channels by their documents alone: shapes in, parts of a bubble out. Needs no page.
import { expect, test } from "@playwright/test";

// By a name that is made up, since the pages' modules have no types to check.
const module = (name: string) => import(`../../sandbox/web/phone/${name}.js`);
const { dialect } = await module("channels/dialects");
const { describe } = await module("channels/index");
const { thread } = await module("thread");

const at = "2026-01-01T12:00:00Z";
const entry = (message: object, more: object = {}) => ({ id: "m1", from: "business", status: "delivered", at, type: "message", message, ...more });

test("Messenger: words, quick replies, files and cards", () => {
  const message = { text: "Which size?", quick_replies: [{ content_type: "text", title: "Large", payload: "L" }, { content_type: "user_email" }] };
  const said = describe("messenger", entry({ recipient: { id: "1" }, message }));
  expect(said.parts).toEqual([{ as: "text", text: "Which size?", tone: undefined, plain: true }]);
  expect(said.actions.map((action: any) => action.label)).toEqual(["Large", "Send my email"]);
  expect(said.actions[0].send).toMatchObject({ type: "quick_reply", quick_reply: { title: "Large", payload: "L" } });

  const url = "http://127.0.0.1:8090/page-files/4711";
  const file = describe("instagram", entry({ message: { attachments: [{ type: "image", payload: { url } }] } }));
  expect(file.parts[0]).toMatchObject({ as: "file", kind: "image", id: "4711" });

  const buttons = [{ type: "web_url", title: "See", url: "https://example.com/" }, { type: "postback", title: "Buy", payload: "BUY" }];
  const payload = { template_type: "generic", elements: [{ title: "Cake", subtitle: "Lemon", image_url: "https://example.com/c.png", buttons }] };
  const [{ cards }] = describe("messenger", entry({ message: { attachment: { type: "template", payload } } })).parts;
  expect(cards[0].parts.map((part: any) => part.text ?? part.link)).toEqual(["https://example.com/c.png", "Cake", "Lemon"]);
  expect(cards[0].actions[1].send).toEqual({ type: "postback", postback: { title: "Buy", payload: "BUY" } });
});

test("Messenger: reactions of both sides, edits and what was taken back stand on their message", () => {
  const items = thread("messenger", [
    entry({ message: { text: "hello" } }),
    entry({ reaction: { mid: "m1", action: "react", emoji: "🎉" } }, { id: "m2", from: "contact" }),
    entry({ sender_action: "react", payload: { message_id: "m4", reaction: "love" } }, { id: "m3" }),
    entry({ message: { mid: "m4", text: "old" } }, { id: "m4", from: "contact" }),
    entry({ message_edit: { mid: "m4", text: "new" } }, { id: "m5", from: "contact" }),
    entry({ sender_action: "react", payload: { message_id: "m4", reaction: "love" } }, { id: "m6" }),
    entry({ message: { mid: "m1", is_deleted: true } }, { id: "m7" }),
  ]);
  expect(items.map((item: any) => item.note ?? item.said.parts[0].text)).toEqual(["hello", "The business reacted ❤️ to an earlier message", "new"]);
  expect(items[0]).toMatchObject({ reactions: { contact: "🎉" }, deleted: true });
  expect(items[2]).toMatchObject({ reactions: { business: "❤️" }, edited: true });
});

test("RCS: cards, suggestions and files of either side", () => {
  const suggestions = [
    { reply: { text: "Yes", postbackData: "y" } },
    { action: { text: "Open", openUrlAction: { url: "https://example.com/" } } },
    { action: { text: "Call", dialAction: { phoneNumber: "+4930" } } },
  ];
  const cardContent = { title: "Cake", description: "Lemon", media: { contentInfo: { fileUrl: "https://example.com/c.png" } }, suggestions };
  const said = describe("rcs", entry({ contentMessage: { richCard: { standaloneCard: { cardContent } }, suggestions } }));
  const [{ cards }] = said.parts;
  expect(cards[0].parts[0]).toMatchObject({ as: "file", kind: "image", link: "https://example.com/c.png" });
  expect(said.actions.map((action: any) => action.does)).toEqual(["answer", "link", "call"]);
  expect(dialect("rcs", said.actions[0].send)).toEqual({ type: "suggestion", suggestion: { text: "Yes", postbackData: "y", type: "REPLY" } });

  const payload = { mimeType: "image/png", fileUri: "http://127.0.0.1:8090/rcs-files/42", fileName: "a.png" };
  expect(describe("rcs", entry({ userFile: { payload } })).parts[0]).toMatchObject({ kind: "image", id: "42", name: "a.png" });
  expect(describe("rcs", entry({ suggestionResponse: { text: "Yes" } })).parts[0].text).toBe("Yes");
});

test("what is pressed and typed is said in the channel's own words", () => {
  const text = { type: "text", text: { body: "hi" }, context: { id: "m1" } };
  expect(dialect("whatsapp", text)).toEqual(text);
  expect(dialect("instagram", text)).toEqual({ type: "text", text: { body: "hi" }, reply_to: { mid: "m1" } });
  expect(dialect("rcs", text)).toEqual({ type: "text", text: { body: "hi" } });
  expect(dialect("messenger", { type: "reaction", reaction: { message_id: "m1", emoji: "" } })).toEqual({ type: "reaction", reaction: { mid: "m1", emoji: "" } });
  expect(dialect("messenger", { type: "revoke", revoke: { original_message_id: "m1" } })).toEqual({ type: "unsend", unsend: { mid: "m1" } });
  expect(dialect("instagram", { type: "edit", edit: { original_message_id: "m1", message: { text: { body: "b" } } } })).toEqual({ type: "edit", edit: { mid: "m1", text: "b" } });
});

test("a template has its parameters filled in, wherever they go", () => {
  const components = [
    { type: "HEADER", format: "TEXT", text: "For {{1}}" },
    { type: "BODY", text: "Order {{number}} is {{state}}" },
    { type: "BUTTONS", buttons: [{ type: "URL", text: "Pay", url: "https://example.com/{{1}}" }, { type: "OTP", text: "Copy code" }] },
  ];
  const template = {
    name: "t",
    language: { code: "en" },
    components: [
      { type: "header", parameters: [{ type: "text", text: "Ann" }] },
      { type: "body", parameters: [{ type: "text", parameter_name: "state", text: "$& packed" }, { type: "text", parameter_name: "number", text: "7" }] },
      { type: "button", sub_type: "url", index: 0, parameters: [{ type: "text", text: "a/b" }] },
    ],
  };
  const sender = { templates: [{ name: "t", language: "en", components }] };
  const said = describe("whatsapp", entry({ type: "template", template }, { type: "template" }), sender);
  expect(said.parts.map((part: any) => part.text)).toEqual(["For Ann", "Order 7 is $& packed"]);
  expect(said.actions[0].href).toBe("https://example.com/a/b");
  const unknown = describe("whatsapp", entry({ type: "template", template }, { type: "template" }), { templates: [] });
  expect(unknown.parts[0].text).toBe("Template t");
});
