// The phone: what it shows of the business's messages, what a contact can send, and how it lives on.
import { ANN, CHAT, PHONE, TEXTS, bubble, expect, test } from "./sandbox";

const write = async (page: import("@playwright/test").Page, words: string) => {
  await page.getByLabel("Message", { exact: true }).fill(words);
  await page.keyboard.press("Enter");
};

test("both ends of a chat see each other at once, and what is open is read", async ({ page, sandbox }) => {
  await page.goto("/phone");
  await page.getByRole("button", { name: /Sandbox WhatsApp/ }).click();
  await write(page, "Do you have lemon cakes?");
  await expect(bubble(page, "Do you have lemon cakes?")).toBeVisible();
  const id = await sandbox.sent({ type: "text", text: { body: "Yes, baked today" } });
  await expect(bubble(page, "Yes, baked today")).toBeVisible();
  await expect.poll(async () => (await sandbox.said()).find((entry) => entry.id === id)?.status).toBe("read");
  await expect(page.getByLabel("Message", { exact: true })).toHaveValue("");
});

test("what is not open is unread, and reading can wait", async ({ page, sandbox }) => {
  await page.goto("/phone");
  await page.getByRole("tab", { name: "Behaviour" }).click();
  await page.getByRole("switch", { name: /read by itself/ }).click();
  const id = await sandbox.sent({ type: "template", template: { name: "hello_world", language: { code: "en_US" } } });
  const row = page.getByRole("button", { name: /Sandbox WhatsApp/ });
  await expect(row.getByText("1 unread")).toBeVisible();
  await expect(page).toHaveTitle("(1) Phone");
  await row.click();
  await expect(page.locator(".bubble")).toHaveCount(1);
  const status = async () => (await sandbox.said()).find((entry) => entry.id === id)?.status;
  await expect.poll(status).toBe("delivered");
  await page.getByRole("button", { name: "Options of the chat" }).click();
  await page.getByRole("button", { name: "Read now" }).click();
  await expect.poll(status).toBe("read");
  await page.getByRole("button", { name: "All chats" }).click();
  await expect(row.getByText("unread")).toHaveCount(0);
});

test("the business is seen typing until it sends", async ({ page, sandbox }) => {
  const id = await sandbox.speak({ type: "text", text: { body: "hi" } });
  await page.goto(CHAT);
  await expect(bubble(page, "hi")).toBeVisible();
  await sandbox.send({ status: "read", message_id: id, typing_indicator: { type: "text" } });
  await expect(page.getByText("typing…")).toBeVisible();
  await expect(page.getByLabel("read", { exact: true })).toBeVisible();
  await sandbox.sent({ type: "text", text: { body: "hello" } });
  await expect(page.getByText("typing…")).toHaveCount(0);
});

const interactive = (content: object) => ({ type: "interactive", interactive: { body: { text: "Body" }, ...content } });

test("every message of the business is shown for what it is", async ({ page, sandbox }) => {
  const first = await sandbox.speak({ type: "text", text: { body: "the first" } });
  await page.goto(CHAT);
  const shown: [object, string | RegExp][] = [
    [{ type: "text", text: { body: "*bold* words" } }, "bold words"],
    [{ type: "text", text: { body: "an answer" }, context: { message_id: first } }, /You.*the first.*an answer/],
    [{ type: "location", location: { latitude: 48.2, longitude: 16.3, name: "Bakery", address: "Herrengasse" } }, /Bakery.*Herrengasse/],
    [{ type: "contacts", contacts: [{ name: { formatted_name: "Maya B", first_name: "Maya" }, phones: [{ phone: "+4930" }] }] }, /Maya B.*\+4930/],
    [{ type: "image", image: { link: "https://example.com/p.png", caption: "A view" } }, /Linked, not fetched.*A view/],
    [{ type: "document", document: { link: "https://example.com/a.pdf", filename: "a.pdf" } }, "a.pdf"],
    [interactive({ type: "button", header: { type: "text", text: "Head" }, footer: { text: "Foot" }, action: { buttons: [{ type: "reply", reply: { id: "b", title: "Press" } }] } }), /Head.*Body.*Foot.*Press/],
    [interactive({ type: "cta_url", action: { name: "cta_url", parameters: { display_text: "See it", url: "https://example.com/" } } }), "See it"],
    [
      { type: "template", template: { name: "order_update", language: { code: "en_US" }, components: [{ type: "body", parameters: [{ type: "text", text: "4711" }, { type: "text", text: "packed" }] }] } },
      /4711.*packed/,
    ],
  ];
  for (const [message, words] of shown) {
    await sandbox.sent(message as Record<string, unknown>);
    await expect(bubble(page, words).last()).toBeVisible();
  }
  await expect(page.locator(".bubble strong")).toHaveText("bold");
  await expect(page.getByRole("link", { name: "See it" })).toHaveAttribute("href", "https://example.com/");
  await sandbox.sent({ type: "reaction", reaction: { message_id: first, emoji: "🎉" } });
  await expect(page.getByLabel("Reactions: the business 🎉")).toBeVisible();
});

test("files of the business are looked at, played and saved", async ({ page, sandbox }) => {
  await page.goto(CHAT);
  const upload = async (name: string, type: string) => {
    const version = /assets\/(\w+)/.exec(await page.content())![1];
    const bytes = await (await fetch(`${sandbox.base}/assets/${version}/samples/${name}`)).blob();
    const form = new FormData();
    form.set("messaging_product", "whatsapp");
    form.set("file", new File([bytes], name, { type }));
    const answer = await fetch(`${sandbox.base}/v24.0/${PHONE}/media`, { method: "POST", body: form, headers: { authorization: "Bearer sandbox-access-token" } });
    return ((await answer.json()) as { id: string }).id;
  };
  await sandbox.speak({ type: "text", text: { body: "show me" } });
  for (const [kind, name, type] of [
    ["image", "photo.jpg", "image/jpeg"],
    ["sticker", "sticker.webp", "image/webp"],
    ["video", "clip.mp4", "video/mp4"],
    ["audio", "voice.ogg", "audio/ogg"],
    ["document", "invoice.pdf", "application/pdf"],
  ]) {
    await sandbox.sent({ type: kind, [kind]: { id: await upload(name, type), ...(kind === "document" && { filename: "bill.pdf" }) } });
  }
  const loaded = (selector: string) => page.locator(selector).evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth > 0);
  await expect.poll(() => loaded(".image img")).toBe(true);
  await expect.poll(() => loaded(".sticker img")).toBe(true);
  for (const player of ["video", "audio"]) {
    await expect.poll(() => page.locator(`.bubble ${player}`).evaluate((media: HTMLMediaElement) => media.readyState)).toBeGreaterThan(0);
  }
  const saved = page.waitForEvent("download");
  await page.getByRole("link", { name: /bill.pdf/ }).click();
  expect((await saved).suggestedFilename()).toBe("bill.pdf");
});

test("what the business asks is answered with a press", async ({ page, sandbox }) => {
  await sandbox.speak({ type: "text", text: { body: "hi" } });
  await page.goto(CHAT);
  const last = async () => (await sandbox.said()).filter((entry) => entry.from === "contact").at(-1)!.message;

  const button = await sandbox.sent(interactive({ type: "button", action: { buttons: [{ type: "reply", reply: { id: "b1", title: "Yes" } }] } }));
  await page.getByRole("button", { name: "Yes", exact: true }).click();
  await expect.poll(last).toMatchObject({ type: "interactive", interactive: { type: "button_reply", button_reply: { id: "b1", title: "Yes" } }, context: { id: button } });

  await sandbox.sent(interactive({ type: "list", action: { button: "Choose", sections: [{ title: "Cakes", rows: [{ id: "r1", title: "Lemon", description: "Sour" }] }] } }));
  await page.getByRole("button", { name: "Choose", exact: true }).click();
  await page.getByRole("button", { name: /Lemon/ }).click();
  await expect.poll(last).toMatchObject({ interactive: { type: "list_reply", list_reply: { id: "r1", title: "Lemon", description: "Sour" } } });

  await sandbox.sent(interactive({ type: "flow", action: { name: "flow", parameters: { flow_message_version: "3", flow_id: "1", flow_cta: "Rate us", flow_token: "t1" } } }));
  await page.getByRole("button", { name: "Rate us" }).click();
  await page.getByRole("dialog").getByLabel("Answer").fill("Five");
  // What arrives meanwhile leaves alone what is typed.
  await sandbox.sent({ type: "text", text: { body: "meanwhile" } });
  await expect(bubble(page, "meanwhile")).toBeAttached();
  await page.getByRole("button", { name: "Submit" }).click();
  await expect.poll(async () => JSON.parse((await last()).interactive.nfm_reply?.response_json ?? "{}")).toEqual({ flow_token: "t1", answer: "Five" });

  const parameters = [{ type: "text", parameter_name: "first_name", text: "Ann" }, { type: "text", parameter_name: "date", text: "Friday" }];
  const payload = { type: "button", sub_type: "quick_reply", index: "0", parameters: [{ type: "payload", payload: "p-1" }] };
  await sandbox.sent({ type: "template", template: { name: "appointment_reminder", language: { code: "en_US" }, components: [{ type: "body", parameters }, payload] } });
  await page.getByRole("button", { name: "Confirm", exact: true }).click();
  await expect.poll(last).toMatchObject({ type: "button", button: { payload: "p-1", text: "Confirm" } });

  await sandbox.sent(interactive({ type: "location_request_message", action: { name: "send_location" } }));
  await page.getByRole("button", { name: "Send location" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Send", exact: true }).click();
  await expect.poll(last).toMatchObject({ type: "location", location: { name: "Café Central" } });
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("bubbles are reacted to, quoted, edited and deleted", async ({ page, sandbox }) => {
  await sandbox.speak({ type: "text", text: { body: "hi" } });
  const id = await sandbox.sent({ type: "text", text: { body: "Hello Ann" } });
  await page.goto(CHAT);
  const marks = async () => (await sandbox.said()).filter((entry) => entry.type === "reaction").map((entry) => [entry.message.reaction.message_id, entry.message.reaction.emoji]);
  for (const [press, wanted] of [["React 👍", "👍"], ["React ❤️", "❤️"], ["Take ❤️ back", ""]]) {
    await page.getByRole("button", { name: "Options for: Hello Ann" }).click();
    await page.getByRole("button", { name: press }).click();
    await expect.poll(async () => (await marks()).at(-1)).toEqual([id, wanted]);
    await expect(page.getByLabel("Reactions: you")).toHaveCount(wanted ? 1 : 0);
  }

  await page.getByRole("button", { name: "Options for: Hello Ann" }).click();
  await page.getByRole("button", { name: "Reply", exact: true }).click();
  await write(page, "quoting you");
  await expect(bubble(page, /Business.*Hello Ann.*quoting you/)).toBeVisible();
  expect((await sandbox.said()).at(-1)!.message.context).toEqual({ id });

  await page.getByRole("button", { name: "Options for: quoting you" }).click();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await expect(page.getByLabel("Message", { exact: true })).toHaveValue("quoting you");
  await write(page, "said better");
  await expect(bubble(page, /said better.*edited/)).toBeVisible();
  await expect(bubble(page, "quoting you")).toHaveCount(0);

  await page.getByRole("button", { name: "Options for: said better" }).click();
  await page.getByRole("button", { name: "Delete for everyone" }).click();
  await expect(bubble(page, "Deleted")).toBeVisible();
  await expect(bubble(page, "said better")).toHaveCount(0);
});

test("everything behind the plus arrives as what it is", async ({ page, sandbox }) => {
  await page.goto(CHAT);
  const kinds: [string, Record<string, unknown>][] = [
    ["Photo", { type: "image", image: { mime_type: "image/jpeg" } }],
    ["Video", { type: "video", video: { mime_type: "video/mp4" } }],
    ["Voice message", { type: "audio", audio: { voice: true } }],
    ["Audio", { type: "audio", audio: { mime_type: "audio/ogg" } }],
    ["Document", { type: "document", document: { filename: "invoice.pdf" } }],
    ["Sticker", { type: "sticker", sticker: { mime_type: "image/webp" } }],
    ["Location", { type: "location", location: { latitude: 48.2104 } }],
    ["Contact", { type: "contacts", contacts: [{ name: { formatted_name: "Maya Brandt" } }] }],
    ["Order", { type: "order", order: { product_items: [{ quantity: 2, item_price: 9.25 }] } }],
    ["Came from an ad", { type: "text", referral: { source_type: "ad", source_id: "42" } }],
    ["Changed number", { type: "system", system: { type: "user_changed_number", wa_id: "16505559999" } }],
    ["As the business", { type: "text", from: "15550000001", text: { body: "Written on the shop's phone" } }],
    ["Unsupported", { type: "unsupported", errors: [{ code: 131051 }] }],
    ["Anything, as JSON", { type: "text", context: { forwarded: true } }],
  ];
  for (const [count, [label, wanted]] of kinds.entries()) {
    await page.getByRole("button", { name: "Send something else" }).click();
    await page.getByRole("dialog").getByRole("button", { name: label, exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Send", exact: true }).click();
    await expect(page.getByRole("dialog")).toHaveCount(0);
    const said = await sandbox.said();
    expect(said).toHaveLength(count + 1);
    expect(said.at(-1)!.message).toMatchObject(wanted);
  }
  await expect(page.locator(".bubble, .note")).toHaveCount(kinds.length);
});

test("a file of one's own is chosen, pasted or dropped, with a caption", async ({ page, sandbox }) => {
  await page.goto(CHAT);
  await page.getByRole("button", { name: "Send something else" }).click();
  await page.getByRole("button", { name: "Document", exact: true }).click();
  await page.getByLabel("Another file").setInputFiles({ name: "list.txt", mimeType: "text/plain", buffer: Buffer.from("one\ntwo") });
  await page.getByLabel("Caption").fill("My list");
  await page.getByRole("dialog").getByRole("button", { name: "Send", exact: true }).click();
  await expect.poll(async () => (await sandbox.said()).at(-1)?.message.document).toMatchObject({ filename: "list.txt", mime_type: "text/plain", caption: "My list" });
  await page.getByLabel("Message", { exact: true }).evaluate((box) => {
    const clipboardData = new DataTransfer();
    clipboardData.items.add(new File(["x"], "pasted.png", { type: "image/png" }));
    box.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  });
  await expect(page.getByRole("dialog").getByText("pasted.png")).toBeVisible();
});

test("texts have their own ways: no receipts, files, and words that stop them", async ({ page, sandbox }) => {
  await sandbox.sendText("Your parcel is on its way");
  await page.goto(TEXTS);
  await expect(bubble(page, "Your parcel is on its way")).toBeVisible();
  await expect(page.getByRole("button", { name: "Options of the chat" })).toHaveCount(0);
  await page.getByRole("button", { name: "Send something else" }).click();
  await expect(page.getByRole("button", { name: "Location", exact: true })).toHaveCount(0);
  await page.getByRole("button", { name: "Photo", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Send", exact: true }).click();
  await expect(page.locator(".bubble .image img")).toBeVisible();
  await page.getByRole("button", { name: "Send something else" }).click();
  await page.getByRole("button", { name: "STOP or START", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Send", exact: true }).click();
  await expect(bubble(page, "STOP")).toBeVisible();
  expect((await sandbox.sendText("more")).body.code).toBe(21610);
});

test("one phone is many people's, one at a time", async ({ page, sandbox }) => {
  await sandbox.speak({ type: "text", text: { body: "from Bo" }, name: "<b>Bo</b>" }, "4366012345");
  await page.goto("/phone");
  await page.getByRole("button", { name: /You are Ann Lee/ }).click();
  await page.getByRole("button", { name: /<b>Bo<\/b>/ }).click();
  await expect(page.getByRole("button", { name: /Sandbox WhatsApp.*You: from Bo/ })).toBeVisible();
  await page.getByRole("button", { name: /You are <b>Bo<\/b>/ }).click();
  await page.getByLabel("Number or user id").fill("12");
  await page.getByRole("button", { name: "Take this phone" }).click();
  await expect(page.getByRole("alert")).toContainText("5 to 20 digits");
  await page.getByLabel("Name").fill("Cy");
  await page.getByLabel("Number or user id").fill("US.1349");
  await page.getByRole("button", { name: "Take this phone" }).click();
  await page.getByRole("button", { name: /Sandbox WhatsApp/ }).click();
  await write(page, "as a user id");
  await expect.poll(async () => (await sandbox.said("whatsapp", "US.1349")).length).toBe(1);
  await page.reload();
  await expect(bubble(page, "as a user id")).toBeVisible();
});

test("markup and endless words stay words", async ({ page, sandbox }) => {
  const nasty = `<img src=x onerror=alert(1)><script>alert(2)</script> ${"W".repeat(4000)}`;
  await sandbox.speak({ type: "text", text: { body: nasty } });
  await sandbox.sent({ type: "location", location: { latitude: 1, longitude: 2, name: "<b>Here</b>", address: "مرحبا" } });
  await sandbox.speak({ type: "text", text: null, order: 3, errors: "x" }).catch(() => {});
  await sandbox.speak({ type: "interactive", interactive: { type: "button_reply" } });
  await sandbox.speak({ type: "contacts", contacts: "none" });
  await page.goto(CHAT);
  await expect(bubble(page, "<script>alert(2)</script>")).toBeVisible();
  await expect(bubble(page, "<b>Here</b>")).toBeVisible();
  expect(await page.locator(".room").evaluate((room) => room.scrollWidth - room.clientWidth)).toBe(0);
});

test("a sandbox that goes and comes back is told and found again", async ({ page, sandbox }) => {
  await sandbox.speak({ type: "text", text: { body: "before" } });
  await page.goto(CHAT);
  await expect(bubble(page, "before")).toBeVisible();
  const listen = new URL(sandbox.base).host;
  await sandbox.stop();
  await expect(page.getByRole("alert")).toContainText("The sandbox does not answer");
  await page.getByLabel("Message", { exact: true }).fill("while away");
  await page.keyboard.press("Enter");
  await expect(page.getByText("Not sent: The sandbox does not answer.")).toBeVisible();
  await expect(page.getByLabel("Message", { exact: true })).toHaveValue("while away");
  await sandbox.start(listen);
  await expect(page.getByText("what was said before is gone")).toBeVisible();
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect(bubble(page, "before")).toHaveCount(0);
  await page.getByLabel("Message", { exact: true }).press("Enter");
  await expect(bubble(page, "while away")).toBeVisible();
});

test("what was seen of an earlier sandbox hides nothing of the next", async ({ page, sandbox }) => {
  for (const words of ["one", "two", "three"]) await sandbox.speak({ type: "text", text: { body: words } });
  await page.goto(CHAT);
  await expect(bubble(page, "three")).toBeVisible();
  await page.goto("about:blank");
  const listen = new URL(sandbox.base).host;
  await sandbox.stop();
  await sandbox.start(listen);
  await sandbox.sent({ type: "template", template: { name: "hello_world", language: { code: "en_US" } } });
  await page.goto("/phone");
  await expect(page.getByRole("button", { name: /Sandbox WhatsApp/ }).getByText("1 unread")).toBeVisible();
});

test("all of it works from the keyboard", async ({ page, sandbox }) => {
  await sandbox.sent({ type: "template", template: { name: "hello_world", language: { code: "en_US" } } });
  await page.goto("/phone");
  const chat = page.getByRole("button", { name: /Sandbox WhatsApp/ });
  await chat.waitFor();
  for (let press = 0; press < 20 && !(await chat.evaluate((one) => one === document.activeElement)); press += 1) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const box = page.getByLabel("Message", { exact: true });
  await box.focus();
  await page.keyboard.type("line one");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("line two");
  await expect(box).toHaveValue("line one\nline two");
  await page.keyboard.press("Enter");
  await expect.poll(async () => (await sandbox.said()).at(-1)?.message.text?.body).toBe("line one\nline two");
  const plus = page.getByRole("button", { name: "Send something else" });
  await plus.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(plus).toBeFocused();
  await page.getByRole("button", { name: /Options for: line one/ }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await expect.poll(async () => (await sandbox.said()).at(-1)?.message.reaction?.emoji).toBe("❤️");
});

test("an RCS agent's cards and suggestions are shown and answered", async ({ page, sandbox }) => {
  await page.goto("/phone#rcs/sandbox_agent");
  await write(page, "hello agent");
  await expect(bubble(page, "hello agent")).toBeVisible();
  const suggestions = [{ reply: { text: "Yes", postbackData: "y-1" } }, { action: { text: "Open", postbackData: "o", openUrlAction: { url: "https://example.com/" } } }];
  const cardContent = { title: "Lemon cake", description: "Baked today", suggestions };
  await sandbox.sendRcs({ richCard: { standaloneCard: { cardOrientation: "VERTICAL", cardContent } } });
  await expect(bubble(page, /Lemon cake.*Baked today/)).toBeVisible();
  await expect(page.getByRole("link", { name: "Open" })).toHaveAttribute("href", "https://example.com/");
  await page.getByRole("button", { name: "Yes", exact: true }).click();
  await expect.poll(async () => (await sandbox.said("rcs")).at(-1)!.message.suggestionResponse).toEqual({ text: "Yes", postbackData: "y-1", type: "REPLY" });
  await expect(page.locator(".mine .bubble").filter({ hasText: "Yes" })).toBeVisible();
  await page.getByRole("button", { name: "Send something else" }).click();
  await page.getByRole("button", { name: "Photo", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Send", exact: true }).click();
  await expect(page.locator(".bubble .image img")).toBeVisible();
});

for (const [channel, id, token] of [["messenger", "500000000000001", "sandbox-page-token"], ["instagram", "600000000000001", "sandbox-instagram-token"]]) {
  test(`both ends of a chat on ${channel} see each other, quick replies, files and reading`, async ({ page, sandbox }) => {
    await page.goto(`/phone#${channel}/${id}`);
    await write(page, "hello page");
    await expect(bubble(page, "hello page")).toBeVisible();
    const message = { text: "Which size?", quick_replies: [{ content_type: "text", title: "Large", payload: "L" }] };
    const sent = { recipient: { id: ANN }, messaging_type: "RESPONSE", message };
    const { status, body } = await sandbox.call("POST", `/v24.0/${id}/messages`, sent, { authorization: `Bearer ${token}` });
    expect(status, JSON.stringify(body)).toBe(200);
    await expect(bubble(page, "Which size?")).toBeVisible();
    await expect.poll(async () => (await sandbox.said(channel)).find((said) => said.id === body.message_id)!.status).toBe("read");
    await page.getByRole("button", { name: "Large", exact: true }).click();
    await expect.poll(async () => (await sandbox.said(channel)).at(-1)!.message.message.quick_reply).toEqual({ payload: "L" });
    await page.getByRole("button", { name: "Send something else" }).click();
    await expect(page.getByRole("button", { name: "Mention in a story" })).toHaveCount(channel === "instagram" ? 1 : 0);
    await page.getByRole("button", { name: "Photo", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Send", exact: true }).click();
    await expect(page.locator(".bubble .image img")).toBeVisible();
  });
}
