// Writing: words, files, templates, things to press, drafts, the closed window, and connections that break.
import { rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { api, bubble, Contact, expect, INBOX, link, openChat, openInbox, PICTURE, test, write } from "./support.ts";

test("Enter sends, Shift and Enter make a line, emoji go where the cursor is", async ({ page }) => {
  const ada = new Contact();
  await ada.says("hello");
  await openInbox(page);
  await openChat(page, ada);
  await expect(write(page)).toBeFocused();
  await page.keyboard.type("first");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("second ");
  await page.getByRole("button", { name: "Emoji" }).click();
  await page.getByRole("searchbox", { name: "Search emoji" }).fill("rocket");
  await page.getByRole("button", { name: "rocket", exact: true }).click();
  await page.keyboard.press("Escape");
  await write(page).press("Enter");
  await expect(async () => expect((await ada.got())[0].message.text.body).toBe("first\nsecond 🚀")).toPass();
  await expect(write(page)).toHaveValue("");
});

test("a file is uploaded with its progress, and goes with its caption", async ({ page }) => {
  const ada = new Contact();
  await ada.says("send me a picture");
  await openInbox(page);
  await openChat(page, ada);
  let letThrough = () => {};
  const held = new Promise<void>((resolve) => (letThrough = resolve));
  await page.route("**/v1/media?*", async (route) => (await held, route.continue()));
  await page.getByLabel("Attach files", { exact: true }).last().setInputFiles({ name: "red.png", mimeType: "image/png", buffer: PICTURE });
  const tile = page.getByRole("list", { name: "Files to send" });
  await expect(tile.getByRole("progressbar")).toBeVisible();
  await write(page).fill("here it is");
  await write(page).press("Enter");
  await expect(page.getByText("A file is still being uploaded")).toBeVisible();
  letThrough();
  await expect(tile.getByRole("progressbar")).toHaveCount(0);
  await write(page).press("Enter");
  await expect(bubble(page, "here it is").locator("img")).toHaveJSProperty("complete", true);
  await expect(async () => {
    const [got] = await ada.got();
    expect(got.type).toBe("image");
    expect(got.message.image.caption).toBe("here it is");
  }).toPass();
});

test("files can be pasted and dropped; what is too large is said so at once", async ({ page }) => {
  const ada = new Contact();
  await ada.says("hello");
  await openInbox(page);
  await openChat(page, ada);
  const give = (kind: "paste" | "drop", name: string, size: number) =>
    write(page).evaluate(
      (field, [kind, name, size]) => {
        const data = new DataTransfer();
        const file = new File(["x"], String(name), { type: "application/pdf" });
        if (Number(size) > 1) Object.defineProperty(file, "size", { value: size });
        data.items.add(file);
        if (Number(size) > 1) Object.defineProperty(data, "files", { value: [file] });
        const event = kind === "paste" ? new ClipboardEvent("paste", { bubbles: true, cancelable: true }) : new DragEvent("drop", { bubbles: true, cancelable: true });
        Object.defineProperty(event, kind === "paste" ? "clipboardData" : "dataTransfer", { value: data });
        field.dispatchEvent(event);
      },
      [kind, name, size] as const,
    );
  await give("paste", "pasted.pdf", 1);
  await give("drop", "dropped.pdf", 1);
  const tiles = page.getByRole("list", { name: "Files to send" }).getByRole("listitem");
  await expect(tiles).toHaveCount(2);
  await give("drop", "huge.pdf", 100 * 1024 * 1024 + 1);
  await expect(page.getByText("huge.pdf is too large: at most 100 MB")).toBeVisible();
  await expect(tiles).toHaveCount(2);
  await page.getByRole("button", { name: "Remove pasted.pdf" }).click();
  await expect(tiles).toHaveCount(1);
});

test("a template is found, filled in, seen as it will be, and sent", async ({ page }) => {
  const ada = new Contact();
  await ada.says("where is it?");
  await openInbox(page);
  await openChat(page, ada);
  await page.getByRole("button", { name: "More to send" }).click();
  await page.getByRole("menuitem", { name: "Send a template" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("searchbox").fill("order up");
  await dialog.getByRole("button", { name: /order update/i }).click();
  await expect(dialog.getByRole("button", { name: "Send" })).toBeDisabled();
  await dialog.getByLabel("Value 1").fill("Ada");
  await dialog.getByLabel("Value 2").fill("10482");
  await expect(dialog.getByRole("group", { name: "Preview" })).toContainText("Ada");
  await expect(dialog.getByRole("group", { name: "Preview" })).toContainText("10482");
  await dialog.getByRole("button", { name: "Send" }).click();
  await expect(bubble(page, "10482")).toContainText("order_update");
  await expect(async () => {
    const [got] = await ada.got();
    expect(got.message.template.name).toBe("order_update");
    expect(JSON.stringify(got.message.template.components)).toContain("10482");
  }).toPass();
});

test("a template with a file above and a link below is filled in and sent", async ({ page }) => {
  const ada = new Contact();
  await ada.says("my invoice?");
  await openInbox(page);
  await openChat(page, ada);
  await page.getByRole("button", { name: "More to send" }).click();
  await page.getByRole("menuitem", { name: "Send a template" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: /^invoice/ }).click();
  const send = dialog.getByRole("button", { name: "Send", exact: true });
  await dialog.getByLabel("Value 1").fill("March");
  await dialog.getByLabel(/^End of the link/).fill("march-7");
  await expect(send).toBeDisabled();
  await page.route("**/v1/media?*", (route) => route.fulfill({ status: 413, contentType: "application/problem+json", body: JSON.stringify({ status: 413, code: "file_too_large", title: "x", detail: "The file is larger than this server takes" }) }));
  const file = { name: "march.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.4\n%%EOF") };
  await dialog.getByLabel("Document").setInputFiles(file);
  await expect(page.getByText("The file is larger than this server takes")).toBeVisible();
  await expect(send).toBeDisabled();
  await page.unroute("**/v1/media?*");
  await dialog.getByLabel("Document").setInputFiles(file);
  await expect(dialog.getByRole("group", { name: "Preview" })).toContainText("march.pdf");
  await expect(dialog.getByRole("group", { name: "Preview" })).toContainText("March");
  await send.click();
  await expect(bubble(page, "March").getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();
  await expect(bubble(page, "March")).toContainText("march.pdf");
  await expect(async () => {
    const [got] = await ada.got();
    expect(got.status).toBe("delivered");
    const parts = got.message.template.components;
    expect(parts.find((one: any) => one.type === "header").parameters[0].document.filename).toBe("march.pdf");
    expect(JSON.stringify(parts)).toContain("march-7");
  }).toPass();
});

test("a file that the server refuses says why, and another that is too large is not begun", async ({ page }) => {
  const ada = new Contact();
  await ada.says("hello");
  await openInbox(page);
  await openChat(page, ada);
  const large = join(tmpdir(), `large-${process.pid}.pdf`);
  await writeFile(large, "");
  await truncate(large, 100 * 1024 * 1024 + 1);
  let uploads = 0;
  await page.route("**/v1/media?*", (route) => (uploads++, route.fulfill({ status: 413, contentType: "application/problem+json", body: JSON.stringify({ status: 413, code: "file_too_large", title: "x", detail: "The file is larger than this server takes" }) })));
  const attach = page.getByLabel("Attach files", { exact: true }).last();
  await attach.setInputFiles(large);
  await expect(page.getByText(/large-\d+\.pdf is too large: at most 100 MB/)).toBeVisible();
  expect(uploads).toBe(0);
  await rm(large);
  await attach.setInputFiles({ name: "small.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.4") });
  const tile = page.getByRole("list", { name: "Files to send" });
  await expect(tile).toContainText("The file is larger than this server takes");
  await page.unroute("**/v1/media?*");
  await tile.getByRole("button", { name: "Try again" }).click();
  await expect(tile).toContainText("8 B");
  await write(page).press("Enter");
  await expect(async () => expect((await ada.got())[0].message.document.filename).toBe("small.pdf")).toPass();
});

test("things to press are built, sent, and shown with the answer", async ({ page }) => {
  const ada = new Contact();
  await ada.says("when?");
  await openInbox(page);
  await openChat(page, ada);
  const build = async () => {
    await page.getByRole("button", { name: "More to send" }).click();
    await page.getByRole("menuitem", { name: "Buttons, lists and links" }).click();
    return page.getByRole("dialog");
  };
  let dialog = await build();
  await dialog.getByLabel("Message", { exact: true }).fill("Which day?");
  await dialog.getByLabel("Choice 1", { exact: true }).fill("Monday");
  await dialog.getByLabel("Choice 2", { exact: true }).fill("Tuesday");
  await expect(dialog.getByRole("group", { name: "Preview" })).toContainText("Tuesday");
  await dialog.getByRole("button", { name: "Send" }).click();
  await expect(bubble(page, "Which day?")).toContainText("Monday");
  dialog = await build();
  await dialog.getByRole("button", { name: "Link" }).click();
  await dialog.getByLabel("Message", { exact: true }).fill("Follow it here");
  await dialog.getByLabel("Button", { exact: true }).fill("Track");
  await dialog.getByLabel("Address").fill("javascript:alert(1)");
  await expect(dialog.getByRole("button", { name: "Send" })).toBeDisabled();
  await dialog.getByLabel("Address").fill("https://example.com/t");
  await dialog.getByRole("button", { name: "Send" }).click();
  await expect(async () => expect((await ada.got()).map((one) => one.message.interactive?.type)).toEqual(["button", "cta_url"])).toPass();
  const [asked] = await ada.got();
  const pressed = asked.message.interactive.action.buttons[0].reply;
  await ada.sends({ type: "interactive", interactive: { type: "button_reply", button_reply: pressed }, context: { id: asked.id } });
  await expect(page.locator(".message.in .answer", { hasText: "Monday" })).toBeVisible();
});

test("a draft is kept for each conversation, through a reload", async ({ page }) => {
  const [ada, bob] = [new Contact("Ada"), new Contact("Bob")];
  await ada.says("hello");
  await bob.says("hello");
  await openInbox(page);
  await openChat(page, ada);
  await write(page).fill("half a thou");
  await openChat(page, bob);
  await expect(write(page)).toHaveValue("");
  await expect(page.locator(".row", { hasText: ada.name })).toContainText("Draft half a thou");
  await page.reload();
  await openChat(page, ada);
  await expect(write(page)).toHaveValue("half a thou");
  await write(page).fill("");
  await openChat(page, bob);
  await expect(page.locator(".row", { hasText: ada.name })).not.toContainText("Draft");
});

test("a closed window says why, and offers a template or to hold until they write", async ({ page }) => {
  const ada = new Contact();
  await api("POST", "/v1/messages", {
    inboxId: INBOX,
    recipient: { type: "channel", externalId: `+${ada.address}` },
    content: { type: "template", name: "order_update", language: "en_US", parameters: ["Ada", "7"] },
  });
  const { id } = await ada.conversation();
  await openInbox(page);
  await page.locator(`.row[data-id="${id}"]`).click();
  await expect(page.getByText("Reply window closed").last()).toBeVisible();
  await expect(write(page)).toHaveCount(0);
  await expect(page.locator(".composer").getByRole("button", { name: "Send a template" })).toBeVisible();
  await page.getByRole("button", { name: "Write now, send when they write" }).click();
  await write(page).fill("We are here for you");
  await page.getByRole("button", { name: "Hold until they write" }).click();
  await expect(bubble(page, "We are here for you").getByRole("img", { name: "Waiting to be sent" })).toBeVisible();
  expect((await ada.got()).filter((one) => one.type === "text")).toEqual([]);
  await ada.says("hello?");
  await expect(async () => expect((await ada.got()).at(-1).message.text?.body).toBe("We are here for you")).toPass();
  await expect(page.getByRole("button", { name: "Write now, send when they write" })).toHaveCount(0);
  await expect(write(page)).toBeVisible();
});

test("a message shows at once, and arrives once through a connection that breaks", async ({ page }) => {
  const ada = new Contact();
  await ada.says("hello");
  await openInbox(page);
  await openChat(page, ada);
  let broken = 0;
  await page.route("**/v1/conversations/reply", async (route) => {
    if (broken++ >= 2) return route.continue();
    // The first reaches the server and its answer is lost; the second never leaves.
    if (broken === 1) await route.fetch();
    return route.abort("connectionreset");
  });
  await write(page).fill("only once");
  await write(page).press("Enter");
  await write(page).fill("and after it");
  await write(page).press("Enter");
  await expect(bubble(page, "only once")).toBeVisible({ timeout: 1_000 });
  await expect(bubble(page, "and after it").getByRole("img", { name: /Delivered|Sent/ })).toBeVisible({ timeout: 20_000 });
  await expect(bubble(page, "only once").getByRole("img", { name: /Delivered|Sent/ })).toBeVisible();
  expect((await ada.got()).map((one) => one.message.text.body)).toEqual(["only once", "and after it"]);
  await expect(page.locator(".message.out")).toHaveCount(2);
});

test("where no event tells of it, the key alone keeps a message from going twice", async ({ page }) => {
  const ada = new Contact();
  await ada.says("hello");
  await ada.conversation();
  await page.route("**/v1/events", (route) => route.abort("connectionrefused"));
  await page.goto((await link()).publicUrl);
  await openChat(page, ada);
  let tries = 0;
  await page.route("**/v1/conversations/reply", async (route) => {
    if (tries++) return route.continue();
    await route.fetch();
    return route.abort("connectionreset");
  });
  await write(page).fill("only once");
  await write(page).press("Enter");
  await expect(bubble(page, "only once")).toBeVisible();
  await expect(page.locator(".message.unsettled")).toHaveCount(0, { timeout: 20_000 });
  expect(tries).toBe(2);
  await write(page).fill("the last");
  await write(page).press("Enter");
  await expect(async () => expect((await ada.got()).map((one) => one.message.text.body)).toEqual(["only once", "the last"])).toPass();
});

test("a refused message says why and can be given up", async ({ page }) => {
  const ada = new Contact();
  await ada.says("hello");
  await openInbox(page);
  await openChat(page, ada);
  await page.route("**/v1/conversations/reply", (route) => route.fulfill({ status: 422, contentType: "application/problem+json", body: JSON.stringify({ status: 422, code: "content_invalid", detail: "The channel does not carry this", title: "x" }) }));
  await write(page).fill("no good");
  await write(page).press("Enter");
  await expect(bubble(page, "no good").getByText("The channel does not carry this")).toBeVisible();
  await page.unroute("**/v1/conversations/reply");
  await bubble(page, "no good").getByRole("button", { name: "Try again" }).click();
  await expect(async () => expect((await ada.got()).length).toBe(1)).toPass();
  await expect(bubble(page, "no good").locator(".failure")).toHaveCount(0);
});

test("lists, forms, places and contact cards are made and sent", async ({ page }) => {
  const ada = new Contact();
  await ada.says("when, where and who?");
  await openInbox(page);
  await openChat(page, ada);
  const more = async (name: string) => {
    await page.getByRole("button", { name: "More to send" }).click();
    await page.getByRole("menuitem", { name }).click();
    return page.getByRole("dialog");
  };
  let dialog = await more("Buttons, lists and links");
  await dialog.getByRole("button", { name: "List", exact: true }).click();
  await dialog.getByLabel("Message", { exact: true }).fill("Which time?");
  await dialog.getByLabel("Button", { exact: true }).fill("Times");
  await dialog.getByLabel("Choice 1", { exact: true }).fill("Morning");
  await dialog.getByLabel("Description (optional)").first().fill("9 to 12");
  await dialog.getByLabel("Choice 2", { exact: true }).fill("Morning");
  await expect(dialog.getByRole("button", { name: "Send" })).toBeDisabled();
  await dialog.getByLabel("Choice 2", { exact: true }).fill("Evening");
  await dialog.getByRole("button", { name: "Send" }).click();
  await expect(bubble(page, "Which time?").getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();
  await bubble(page, "Which time?").getByText("Times").click();
  await expect(bubble(page, "Which time?").getByText("9 to 12")).toBeVisible();
  dialog = await more("Buttons, lists and links");
  await dialog.getByRole("button", { name: "Form", exact: true }).click();
  await dialog.getByLabel("Message", { exact: true }).fill("Fill this in");
  await dialog.getByLabel("Button", { exact: true }).fill("Open");
  await dialog.getByLabel("Form id").fill("123456");
  await dialog.getByRole("button", { name: "Send" }).click();
  dialog = await more("Send a location");
  await dialog.getByLabel("Name (optional)").fill("Our shop");
  await dialog.getByLabel("Latitude").fill("91");
  await dialog.getByLabel("Longitude").fill("13.4");
  await expect(dialog.getByRole("button", { name: "Send" })).toBeDisabled();
  await dialog.getByLabel("Latitude").fill("52.5");
  await dialog.getByRole("button", { name: "Send" }).click();
  dialog = await more("Send a contact");
  await dialog.getByLabel("Name", { exact: true }).fill("Grace Hopper");
  await dialog.getByLabel("Phone").fill("+1 555 0100");
  await dialog.getByRole("button", { name: "Send" }).click();
  await expect(bubble(page, "Grace Hopper").getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();
  await expect(async () => {
    const got = await ada.got();
    expect(got.map((one) => one.type)).toEqual(["interactive", "interactive", "location", "contacts"]);
    expect(got.map((one) => one.message.interactive?.type).slice(0, 2)).toEqual(["list", "flow"]);
    expect(got[2].message.location).toMatchObject({ latitude: 52.5, longitude: 13.4, name: "Our shop" });
  }).toPass();
});
