// Beside the phone: faults, the ledger, settings; and how all of it looks to everybody.
import { ANN, CHAT, PHONE, TEXTS, accessible, bubble, expect, fits, test } from "./sandbox";

const hello = { type: "text", text: { body: "hello" } };

test("a switch makes sending go wrong, and right again", async ({ page, sandbox }) => {
  await sandbox.speak({ type: "text", text: { body: "hi" } });
  await page.goto("/phone");
  const trouble = page.getByRole("switch", { name: /Server error/ });
  await trouble.click();
  await expect(page.getByText("refused with 500, code 131000")).toBeVisible();
  await expect(trouble).toBeChecked();
  expect((await sandbox.send(hello)).status).toBe(500);
  await trouble.click();
  await expect(page.getByText("Nothing goes wrong now.")).toBeVisible();
  expect((await sandbox.send(hello)).status).toBe(200);
});

test("each switch orders its own fault, and finds it again", async ({ page, sandbox }) => {
  await page.goto("/phone");
  const switches = page.locator(".panel").getByRole("switch");
  await switches.first().waitFor();
  const count = await switches.count();
  expect(count).toBeGreaterThan(15);
  for (let place = 0; place < count; place += 1) {
    await switches.nth(place).click();
    await expect(switches.nth(place)).toBeChecked();
  }
  expect((await sandbox.call("GET", "/control/faults")).body.faults).toHaveLength(count);
  await page.getByRole("button", { name: "Remove all" }).click();
  await expect(page.locator(".panel").getByRole("switch", { checked: true })).toHaveCount(0);
});

test("a fault can be one contact's and one inbox's alone", async ({ page, sandbox }) => {
  await sandbox.speak({ type: "text", text: { body: "hi" } });
  await page.goto(CHAT);
  await page.getByLabel(/Only messages to Ann Lee/).check();
  await page.getByLabel(/Only from Sandbox/).check();
  await page.getByRole("switch", { name: /Contact cannot be written to/ }).click();
  await expect(page.getByText(`to ${ANN}, from ${PHONE}, until removed`)).toBeVisible();
  expect((await sandbox.send(hello)).body.error.code).toBe(131026);
  expect((await sandbox.send({ type: "template", template: { name: "hello_world", language: { code: "en_US" } } }, "16505550000")).status).toBe(200);
  await page.getByLabel(/Only messages to Ann Lee/).uncheck();
  await expect(page.getByRole("switch", { name: /Contact cannot be written to/ })).not.toBeChecked();
});

test("any fault is put together by hand and used up", async ({ page, sandbox }) => {
  await sandbox.speak({ type: "text", text: { body: "hi" } });
  await page.goto(CHAT);
  await page.getByText("Another fault").click();
  await page.getByLabel("How many times").fill("1");
  await page.getByLabel("HTTP status (400 to 599)").fill("429");
  await page.getByLabel("Provider's code").fill("130429");
  await page.getByLabel("Retry-After in seconds").fill("7");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect(page.getByText("refused with 429, code 130429, retry after 7 s")).toBeVisible();
  expect((await sandbox.send(hello)).status).toBe(429);
  await sandbox.sent(hello);
  await expect(page.getByText("Nothing goes wrong now.")).toBeVisible();
  await page.getByLabel("HTTP status (400 to 599)").fill("200");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("between 400 and 599");
});

test("what did not arrive is marked, and held answers are let go", async ({ page, sandbox }) => {
  await sandbox.speak({ type: "text", text: { body: "hi" } });
  await page.goto(CHAT);
  await page.getByRole("switch", { name: /Fails after acceptance/ }).click();
  await expect(page.getByText("fails with 131026")).toBeVisible();
  await sandbox.sent(hello);
  await expect(bubble(page, /hello.*did not arrive/)).toBeVisible();
  await page.getByRole("switch", { name: /Answer held/ }).click();
  await expect(page.getByText("answer held for 60000 ms")).toBeVisible();
  const held = sandbox.send({ type: "text", text: { body: "held" } });
  await page.getByRole("button", { name: "Let them go" }).click();
  expect((await held).status).toBe(200);
});

test("the ledger shows what was accepted, as it was sent", async ({ page, sandbox }) => {
  await sandbox.speak({ type: "text", text: { body: "hi" } });
  await page.goto("/phone");
  await page.getByRole("tab", { name: "Ledger" }).click();
  await expect(page.getByText("Nothing was accepted yet.")).toBeVisible();
  await sandbox.sent({ ...hello, biz_opaque_callback_data: "ref-1" });
  await sandbox.send({ type: "template", template: { name: "hello_world", language: { code: "en_US" } } }, "16505550000");
  await expect(page.locator(".ledger li")).toHaveCount(2);
  await page.getByLabel(/Only to Ann Lee/).check();
  await expect(page.locator(".ledger li")).toHaveCount(1);
  await page.locator(".ledger summary").click();
  await expect(page.locator(".ledger")).toContainText("ref-1");
  await expect(page.getByLabel("Body of 1")).toContainText('"body": "hello"');
  await page.getByRole("button", { name: "Empty it" }).click();
  await expect(page.getByText("Nothing was accepted yet.")).toBeVisible();
});

test("settings are changed in place, and wrong ones refused", async ({ page, sandbox }) => {
  await page.goto("/phone");
  await page.getByRole("tab", { name: "Behaviour" }).click();
  await page.getByLabel("Between statuses (ms)").fill("77");
  await page.keyboard.press("Tab");
  await page.getByRole("switch", { name: "Contacts read what they get" }).click();
  const settings = async () => (await sandbox.call("GET", "/control/settings")).body;
  await expect.poll(settings).toMatchObject({ statusMs: 77, read: true });
  await page.getByLabel("Longest pause (ms)").fill("0");
  await sandbox.call("PATCH", "/control/settings", { answerMs: 3 });
  await expect(page.getByLabel("Answers take (ms)")).toHaveValue("3");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("alert")).toContainText("webhookRetry.maxMs must be between");
});

test("an account is changed where it stands, and another one added", async ({ page, sandbox }) => {
  await page.goto("/phone");
  await page.getByRole("tab", { name: "Accounts" }).click();
  const whatsapp = page.locator("details").filter({ hasText: "100000000000001" });
  await whatsapp.locator("summary").click();
  await whatsapp.getByLabel("As JSON").fill('{"tokenExpired": true}');
  await whatsapp.getByRole("button", { name: "Save" }).click();
  await expect(whatsapp.getByText("Saved.")).toBeVisible();
  expect((await sandbox.send(hello)).body.error.code).toBe(190);
  await whatsapp.getByLabel("As JSON").fill('{"wabaId": 1}');
  await whatsapp.getByRole("button", { name: "Save" }).click();
  await expect(whatsapp.getByRole("alert")).toBeVisible();
  // The list that Messenger and Instagram share is told apart.
  for (const name of ["Sandbox page", "sandbox.account"]) {
    await expect(page.locator("details > summary").filter({ hasText: name })).toHaveCount(1);
  }
  const another = page.locator("details").filter({ hasText: "Another account" }).first();
  await another.locator("summary").click();
  const account = { wabaId: "7", accessToken: "t", appSecret: "s", phoneNumbers: [{ id: "77", displayPhoneNumber: "+1 555 000 0077", verifiedName: "Corner Shop" }] };
  await another.getByLabel("As JSON").fill(JSON.stringify(account));
  await another.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("button", { name: /Corner Shop WhatsApp/ })).toBeVisible();
});

for (const colorScheme of ["light", "dark"] as const) {
  for (const [width, height] of [[360, 740], [1440, 900]]) {
    const view = `${colorScheme}, ${width} wide`;

    test(`axe finds nothing on the phone, ${view}`, async ({ page, sandbox }) => {
      test.slow();
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      await sandbox.speak({ type: "text", text: { body: "hi *there* https://example.com/" } });
      const asked = await sandbox.sent({ type: "interactive", interactive: { type: "button", body: { text: "Well?" }, action: { buttons: [{ type: "reply", reply: { id: "b", title: "Yes" } }] } } });
      await sandbox.speak({ type: "reaction", reaction: { message_id: asked, emoji: "👍" } });
      await sandbox.speak({ type: "order", context: { id: asked }, order: { product_items: [{ product_retailer_id: "x", quantity: 1, item_price: 1, currency: "EUR" }] } });
      await sandbox.speak({ type: "interactive", interactive: { type: "nfm_reply", nfm_reply: { response_json: '{"a":"b"}' } } });
      await sandbox.sent({ type: "image", image: { link: "https://example.com/a.png" } });
      await sandbox.sendText("a text");
      await page.goto("/phone");
      await expect(page.locator(".badge").first()).toBeVisible();
      await accessible(page);
      await page.getByRole("button", { name: /You are/ }).click();
      await accessible(page);
      await page.keyboard.press("Escape");
      await page.goto(CHAT);
      await expect(bubble(page, "Well?").first()).toBeVisible();
      await fits(page);
      await page.getByRole("button", { name: /Options for: Well/ }).first().click();
      await accessible(page);
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Send something else" }).click();
      await accessible(page);
      await page.getByRole("button", { name: "Photo", exact: true }).click();
      await page.locator(".preview img").waitFor();
      await accessible(page);
    });

    test(`axe finds nothing beside the phone, ${view}`, async ({ page, sandbox }) => {
      test.slow();
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      await sandbox.sendText("a text");
      await page.goto("/phone");
      if (width < 960) await page.getByRole("button", { name: "Faults and ledger" }).click();
      await page.getByRole("switch", { name: "Slow" }).click();
      await expect(page.getByText("3000 ms slower")).toBeVisible();
      await page.getByText("Another fault").click();
      await accessible(page);
      await page.getByRole("tab", { name: "Faults" }).press("ArrowRight");
      await page.locator(".ledger summary").first().click();
      await accessible(page);
      await page.getByRole("tab", { name: "Ledger" }).press("ArrowRight");
      await page.getByLabel("Between statuses (ms)").waitFor();
      await accessible(page);
      await page.getByRole("tab", { name: "Behaviour" }).press("ArrowRight");
      await page.locator("details summary").first().click();
      await accessible(page);
      await fits(page);
    });
  }
}

test("nothing is cut off at 320 pixels", async ({ page, sandbox }) => {
  await page.setViewportSize({ width: 320, height: 560 });
  await sandbox.speak({ type: "text", text: { body: "W".repeat(600) } });
  for (const path of ["/phone", CHAT, TEXTS]) {
    await page.goto(path);
    await expect(page.locator(".state.live")).toBeAttached();
    await fits(page);
    await expect(page.getByRole("link", { name: "Mail" })).toBeInViewport({ ratio: 1 });
  }
  await expect(page.getByRole("button", { name: "Send", exact: true })).toBeInViewport({ ratio: 1 });
});

test("light and dark can be chosen and stay", async ({ page }) => {
  await page.goto("/phone");
  const ground = () => page.locator(".top").evaluate((top) => getComputedStyle(top).backgroundColor);
  const light = await ground();
  await page.getByRole("button", { name: "Colours: as the system. Change" }).click();
  await page.getByRole("button", { name: "Colours: light. Change" }).click();
  await expect.poll(ground).not.toBe(light);
  await page.getByRole("link", { name: "Mail" }).click();
  await expect(page.getByRole("button", { name: "Colours: dark. Change" })).toBeVisible();
  await expect.poll(ground).not.toBe(light);
});
