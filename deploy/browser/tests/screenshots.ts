// Writes docs/screenshots, on a fresh stack so that nobody else is in the list:
//
//   ./deploy/down --erase; ./deploy/up --detach && . .local/env && SCREENSHOTS=yes deploy/browser/run
import { deflateSync, crc32 } from "node:zlib";
import { api, Contact, expect, openInbox, test } from "./support.ts";

const FOLDER = new URL("../../../docs/screenshots/", import.meta.url).pathname;
const WIDTHS = { 360: 740, 768: 900, 1440: 900 };

class Person extends Contact {
  constructor(readonly name: string) {
    super();
  }
}

/** Hills and a sun. */
function landscape(width: number, height: number): Buffer {
  const rows = Buffer.alloc((width * 3 + 1) * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sun = Math.hypot(x - width * 0.7, y - height * 0.35) < 46;
      const hill = y > height * 0.6 + Math.sin(x / 60) * 30;
      rows.set(sun ? [255, 226, 150] : hill ? [60 + y / 8, 110 + x / 12, 90] : [120 + y / 2, 150 + y / 4, 235 - y / 4], y * (width * 3 + 1) + 1 + x * 3);
    }
  }
  const chunk = (name: string, data: Buffer) => {
    const [size, sum, body] = [Buffer.alloc(4), Buffer.alloc(4), Buffer.concat([Buffer.from(name), data])];
    size.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([size, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2], 8);
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

/** A morning of a furniture shop. */
async function people(): Promise<Person> {
  const others: [string, string][] = [
    ["Marco Rossi", "Is the blue one back in stock?"],
    ["Yuki Tanaka", "Can I change the delivery address?"],
    ["ليلى حداد", "مرحبا، متى يصل طلبي رقم 4821؟"],
    ["Sofía Hernández", "¿Tienen el sillón en rojo?"],
    ["Oluwaseun Adeyemi", "The invoice has the wrong VAT number"],
    ["Zoë Müller", "Perfect, see you on Thursday"],
    ["Jean-Luc Moreau", "Bonjour, je voudrais un devis pour 20 chaises"],
    ["Chen Wei", "👍"],
  ];
  for (const [name, words] of others) {
    const one = new Person(name);
    await one.says(words);
    const { id } = await one.conversation();
    if (name.length % 2) await api("PATCH", `/v1/conversations/${id}/read`);
  }
  const amelia = new Person("Amelia Clarke");
  const settled = (count: number) => expect(async () => expect((await amelia.got()).filter((one) => one.status === "delivered" || one.status === "read").length).toBe(count)).toPass();
  await amelia.says("Hi! I ordered the walnut desk last week (order 10482) and the tracking page hasn’t moved since Tuesday.");
  await amelia.says("Is everything okay with it?");
  const { id, contact } = await amelia.conversation();
  const reply = (content: object) => api("POST", "/v1/conversations/reply", { conversationId: id, content });
  await reply({ type: "text", text: "Hi Amelia, thanks for getting in touch. It is with the carrier; here is the live tracking: https://example.com/track/10482" });
  await settled(1);
  await amelia.sends({ type: "image", image: { mime_type: "image/png", data: landscape(480, 300).toString("base64"), caption: "Great, thank you! This is where it should go 😊" } });
  await expect(async () => expect((await api("GET", `/v1/conversations/${id}/media`)).messages.length).toBe(1)).toPass();
  await reply({ type: "interactive", interactive: { type: "buttons", header: { type: "text", text: "Delivery slot" }, body: "The driver can come on Thursday. Which time suits you better?", footer: "You can change this until Wednesday", buttons: [{ id: "am", title: "9 – 12" }, { id: "pm", title: "13 – 17" }] } });
  await settled(2);
  const asked = (await amelia.got())[1].id;
  await amelia.reads();
  await amelia.sends({ type: "reaction", reaction: { message_id: asked, emoji: "❤️" } });
  await amelia.sends({ type: "interactive", interactive: { type: "button_reply", button_reply: { id: "am", title: "9 – 12" } }, context: { id: asked } });
  await api("PATCH", `/v1/contacts/${contact.id}`, { attributes: { plan: "Gold", city: "Berlin", orders: 12 } });
  const [user] = (await api("GET", "/v1/conversations/assignable-users")).users;
  await api("POST", `/v1/conversations/${id}/assignee`, { userId: user.id });
  await expect(async () => expect((await amelia.conversation()).lastMessage.preview).toContain("9 – 12")).toPass();
  return amelia;
}

test("the inbox at three widths, in both modes", async ({ browser, baseURL }) => {
  test.setTimeout(180_000);
  const amelia = await people();
  for (const colorScheme of ["light", "dark"] as const) {
    for (const [width, height] of Object.entries(WIDTHS)) {
      const context = await browser.newContext({ baseURL, colorScheme, locale: "en-GB", viewport: { width: Number(width), height } });
      const page = await context.newPage();
      await openInbox(page);
      await expect(page.locator(".row").first()).toBeVisible();
      if (Number(width) < 720 && colorScheme === "light") await page.screenshot({ path: `${FOLDER}list-${width}-${colorScheme}.png` });
      await page.locator(".row", { hasText: amelia.name }).click();
      await expect(page.locator(".picture img")).toHaveJSProperty("complete", true);
      await page.locator(".messages").evaluate((el) => (el.scrollTop = el.scrollHeight));
      await page.waitForTimeout(400);
      await page.screenshot({ path: `${FOLDER}inbox-${width}-${colorScheme}.png` });
      await context.close();
    }
  }
});
