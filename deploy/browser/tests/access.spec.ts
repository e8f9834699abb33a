// Who may see and do what: permissions, tokens and sessions, frames on other origins, and hosts that speak.
import { generateKeyPairSync, sign } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { api, bubble, Contact, embed, expect, INBOX, link, openChat, openInbox, PAGE, test, write } from "./support.ts";

/** A host page that holds the inbox in a frame, on an origin of its own. */
async function host(src: string, script = ""): Promise<{ origin: string; close: () => void }> {
  const server: Server = createServer((request, response) => {
    if (request.url === "/host.js") return void response.setHeader("Content-Type", "text/javascript").end(`window.heard = []; addEventListener("message", (event) => heard.push({ ...event.data, origin: event.origin }));${script}`);
    response.setHeader("Content-Type", "text/html").end(`<!doctype html><title>Host</title><script src="/host.js"></script><iframe id="inbox" title="Inbox" src="${src}" style="width:100%;height:700px"></iframe>`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

const number = async () => ({ scope_type: "phone_number", scope_id: (await api("GET", `/v1/inboxes/${INBOX}`)).externalId });

test("the address that ./deploy/up prints opens the inbox", async ({ page }) => {
  const ada = new Contact();
  await page.goto(process.env.INBOX_URL ?? "about:blank");
  await expect(page.locator(".connection.live")).toBeAttached();
  await ada.says("hello");
  await openChat(page, ada);
  await page.keyboard.type("welcome");
  await page.keyboard.press("Enter");
  await expect(async () => expect((await ada.got()).map((one) => one.message.text.body)).toEqual(["welcome"])).toPass();
});

test("the token leaves the address at once, and is in no request after the page's own", async ({ page }) => {
  const { publicUrl } = await link();
  const token = decodeURIComponent(publicUrl.split("/").pop() ?? "");
  const asked: string[] = [];
  page.on("request", (one) => asked.push(`${one.url()} ${one.headers().referer ?? ""}`));
  await page.goto(publicUrl);
  await expect(page.locator(".connection.live")).toBeAttached();
  expect(page.url()).toBe(`${PAGE}/shared/inbox`);
  expect(await page.title()).not.toContain(token);
  expect(asked.filter((one) => one.includes(token))).toHaveLength(1);
  await page.reload();
  await expect(page.locator(".connection.live")).toBeAttached();
});

test("what the link does not permit is not offered, and the server refuses it as well", async ({ page }) => {
  const ada = new Contact();
  await ada.says("hello");
  await openInbox(page, { readInbox: true, sendText: true });
  await openChat(page, ada);
  await expect(write(page)).toBeVisible();
  for (const name of ["Attach files", "More to send", "Details", "Archive"]) await expect(page.getByRole("button", { name, exact: true })).toHaveCount(0);
  await write(page).fill("allowed");
  await write(page).press("Enter");
  await expect(async () => expect((await ada.got()).length).toBe(1)).toPass();
  // Reading without the right to mark leaves it unread.
  expect((await ada.conversation()).unreadCount).toBe(1);
  const status = await page.evaluate(async (id) => {
    const { token } = JSON.parse(sessionStorage.getItem("switchboard.session") ?? "{}");
    return (await fetch(`/v1/conversations/${id}/read`, { method: "PATCH", headers: { Authorization: `Bearer ${token}` } })).status;
  }, (await ada.conversation()).id);
  expect(status).toBe(403);
});

test("who may only read is told so where others write", async ({ page }) => {
  const ada = new Contact();
  await ada.says("hello");
  await openInbox(page, { readInbox: true });
  await openChat(page, ada);
  await expect(page.getByText("You can read this conversation, but not write in it")).toBeVisible();
  await expect(write(page)).toHaveCount(0);
});

test("a link that is revoked while somebody types: the draft survives, the page says how to go on", async ({ page, context }) => {
  const ada = new Contact();
  await ada.says("hello");
  const { id, publicUrl } = await link();
  await page.goto(publicUrl);
  await openChat(page, ada);
  await write(page).fill("a long and careful answer");
  await api("DELETE", `/v1/shared-inbox-links/${id}`);
  await expect(page.getByRole("alert").first()).toContainText("This link was revoked", { timeout: 30_000 });
  await expect(page.getByRole("alert").last()).toContainText("What you wrote is kept");
  await expect(write(page)).toHaveValue("a long and careful answer");
  await expect(write(page)).not.toBeEditable();
  const another = await context.newPage();
  await another.goto((await link()).publicUrl);
  await openChat(another, ada);
  await expect(write(another)).toHaveValue("a long and careful answer");
  await write(another).press("Enter");
  await expect(async () => expect((await ada.got()).length).toBe(1)).toPass();
});

test("a link that is wrong, and a server that is away, each say what to do", async ({ page }) => {
  await page.goto(`${PAGE}/shared/inbox/sil_nonsense`);
  await expect(page.getByRole("heading", { name: "There is nothing at this address" })).toBeVisible();
  await page.goto(`${PAGE}/shared/inbox`);
  await expect(page.getByText("This address needs a link.")).toBeVisible();
  await page.route("**/v1/shared-inbox/sessions", (route) => route.abort("connectionrefused"));
  await page.goto((await link()).publicUrl);
  await expect(page.getByRole("heading", { name: "The server cannot be reached" })).toBeVisible();
  await page.unroute("**/v1/shared-inbox/sessions");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.locator(".connection.live")).toBeAttached();
});

test("a slow list shows that it is coming, and one that fails can be asked for again", async ({ page }) => {
  await page.route(/\/v1\/conversations\?/, (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: "{}" }));
  await page.goto((await link()).publicUrl);
  await expect(page.getByText("The conversations could not be loaded.")).toBeVisible();
  await page.unroute(/\/v1\/conversations\?/);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.locator(".row").first()).toBeVisible();
});

test("a frame on an allowed origin talks with its host; on another the browser refuses it", async ({ page }) => {
  const ada = new Contact();
  await ada.says("hello");
  const { id } = await ada.conversation();
  const good = await host("about:blank");
  const { id: embedded, embed_url } = await embed({ ...(await number()), allowed_origins: [good.origin] });
  await page.goto(good.origin);
  await page.locator("#inbox").evaluate((frame, url) => ((frame as HTMLIFrameElement).src = url), embed_url);
  const inside = page.frameLocator("#inbox");
  await expect(inside.locator(".row", { hasText: ada.name })).toBeVisible();
  const heard = (type: string) => page.evaluate((type) => (window as any).heard.filter((one: any) => one.type === type).at(-1), type);
  await expect.poll(() => heard("ready")).toMatchObject({ source: "switchboard", origin: PAGE });
  await expect.poll(async () => (await heard("unread"))?.count).toBeGreaterThan(0);
  expect(JSON.stringify(await page.evaluate(() => (window as any).heard))).not.toContain(embed_url.split("/").pop());
  const say = (message: object) => page.locator("#inbox").evaluate((frame, message) => (frame as HTMLIFrameElement).contentWindow?.postMessage({ source: "switchboard-host", ...message }, "*"), message);
  await say({ type: "open", conversationId: id });
  await expect(inside.getByRole("heading", { name: ada.name, level: 2 })).toBeVisible();
  await expect.poll(async () => (await heard("conversation"))?.conversationId).toBe(id);
  await say({ type: "theme", theme: "dark" });
  await expect(inside.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(inside.getByRole("button", { name: "Archive", exact: true })).toBeVisible();
  await expect.poll(async () => (await heard("height"))?.height).toBeGreaterThan(0);
  await say({ type: "close" });
  await expect.poll(async () => (await heard("conversation"))?.conversationId).toBe(null);
  await say({ type: "language", language: "es" });
  await expect(inside.getByRole("button", { name: "Abiertas", exact: true })).toBeVisible();
  await say({ type: "search", search: ada.address });
  await expect(inside.locator(".row")).toHaveCount(1);

  const bad = await host(embed_url);
  const elsewhere = await page.context().newPage();
  await elsewhere.goto(bad.origin);
  await expect.poll(() => elsewhere.frames().filter((frame) => frame !== elsewhere.mainFrame()).map((frame) => frame.url()).join()).toContain("chrome-error://");
  bad.close();

  await api("DELETE", `/platform/v1/inbox_embeds/${embedded}`);
  await expect.poll(async () => (await heard("error"))?.code, { timeout: 30_000 }).toBe("embed_revoked");
  good.close();
});

test("a host says who looks: without it nobody gets in, and what is sent carries the viewer's name", async ({ page }) => {
  const ada = new Contact();
  await ada.says("hello");
  const conversation = await ada.conversation();
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const holder = await host("about:blank", 'addEventListener("message", async (event) => { if (event.data.type === "identity") event.source.postMessage({ source: "switchboard-host", type: "identity", viewerToken: await window.signed() }, event.origin); });');
  const viewer_keys = [{ kid: "one", pem: publicKey.export({ type: "spki", format: "pem" }) }];
  const { id, embed_url } = await embed({ allowed_origins: [holder.origin], viewer_keys, require_viewer_identity: true });
  const signed = (name: string) => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = { sub: name.toLowerCase(), name, aud: id, exp: Math.floor(Date.now() / 1000) + 300 };
    const text = `${part({ alg: "EdDSA", kid: "one" })}.${part(claims)}`;
    return `${text}.${sign(null, Buffer.from(text), privateKey).toString("base64url")}`;
  };
  let user: string | null = null;
  await page.exposeFunction("signed", () => (user ? signed(user) : "not signed in"));
  const inside = page.frameLocator("#inbox");
  const open = async () => {
    await page.goto(holder.origin);
    await page.locator("#inbox").evaluate((frame, url) => ((frame as HTMLIFrameElement).src = url), embed_url);
  };
  await open();
  await expect(inside.getByText("could not prove who you are")).toBeVisible();
  user = "Ana";
  await open();
  await inside.locator(".row", { hasText: ada.name }).click();
  await inside.locator("#write").fill("from Ana");
  await inside.locator("#write").press("Enter");
  await expect(inside.locator(".sender", { hasText: "Ana" })).toBeVisible();
  // Somebody else signs in, which the host says unasked.
  const token = signed("Ben");
  await page.locator("#inbox").evaluate((frame, viewerToken) => (frame as HTMLIFrameElement).contentWindow?.postMessage({ source: "switchboard-host", type: "identity", viewerToken }, "*"), token);
  const session = () => inside.locator("body").evaluate(() => JSON.parse(sessionStorage.getItem("switchboard.session") ?? "{}").viewer?.id);
  await expect.poll(session).toBe("ben");
  await inside.locator("#write").fill("from Ben");
  await inside.locator("#write").press("Enter");
  const senders = async () => {
    const { messages } = await api("GET", `/v1/conversations/${conversation.id}/messages`);
    return messages.filter((one: any) => one.direction === "outbound").map((one: any) => [one.content.text, one.sender.name, one.sender.viewerId]);
  };
  await expect.poll(senders).toEqual([["from Ana", "Ana", "ana"], ["from Ben", "Ben", "ben"]]);
  await expect(inside.locator(".sender", { hasText: "Ben" })).toBeVisible();
  holder.close();
});

test("a frame whose storage is closed works from memory", async ({ page }) => {
  const ada = new Contact();
  await ada.says("hello");
  await page.addInitScript(() => {
    for (const kind of ["localStorage", "sessionStorage"]) Object.defineProperty(window, kind, { get: () => { throw new DOMException("denied", "SecurityError"); } });
  });
  await openInbox(page);
  await openChat(page, ada);
  await write(page).fill("from memory");
  await write(page).press("Enter");
  await expect(bubble(page, "from memory").getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();
});

test("the address can preset what is shown", async ({ page }) => {
  const ada = new Contact();
  await ada.says("hello");
  await ada.conversation();
  await openInbox(page, undefined, `?search=${ada.address}&mode=dark`);
  await expect(page.locator(".row")).toHaveCount(1);
  await expect(page.getByRole("searchbox").first()).toHaveValue(ada.address);
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});

test("an allowed origin is that origin, or one below its star", async ({ page }) => {
  await openInbox(page);
  const allowed = (origin: string, entries: string[]) =>
    page.evaluate(async ([origin, entries]) => {
      const root = (document.querySelector('script[type="module"]') as HTMLScriptElement).src.replace(/main\.js$/, "");
      return (await import(`${root}host.js`)).allows(origin, entries) as boolean;
    }, [origin, entries] as const);
  expect(await allowed("https://app.example.com", ["https://app.example.com"])).toBe(true);
  expect(await allowed("https://a.b.example.com", ["https://*.example.com"])).toBe(true);
  expect(await allowed("https://app.example.com", ["*.example.com"])).toBe(true);
  expect(await allowed("https://example.com", ["https://*.example.com"])).toBe(false);
  expect(await allowed("https://evilexample.com", ["https://*.example.com"])).toBe(false);
  expect(await allowed("https://app.example.com.evil.net", ["https://*.example.com", "https://app.example.com"])).toBe(false);
  expect(await allowed("http://app.example.com", ["https://app.example.com", "https://*.example.com"])).toBe(false);
});

test("an embed of one user shows what is that user's, as it comes and goes", async ({ page }) => {
  const [ada, bob, eve] = [new Contact("Ada"), new Contact("Bob"), new Contact("Eve")];
  for (const one of [ada, bob, eve]) await one.says("hello");
  const [{ id: userId }] = (await api("GET", "/v1/conversations/assignable-users")).users;
  const assign = async (one: Contact) => api("POST", `/v1/conversations/${(await one.conversation()).id}/assignee`, { userId });
  await assign(ada);
  await assign(bob);
  await page.goto((await embed({ assigned_user_id: userId })).embed_url);
  const row = (one: Contact) => page.locator(".row", { hasText: one.name });
  await page.getByRole("button", { name: "Mine", exact: true }).click();
  await expect(page.getByRole("button", { name: "Mine", exact: true })).toHaveAttribute("aria-pressed", "true");
  await expect(row(ada)).toBeVisible();
  await expect(row(eve)).toHaveCount(0);
  await assign(eve);
  await expect(row(eve)).toBeVisible();
  await openChat(page, ada);
  await write(page).fill("half a thought");
  await api("DELETE", `/v1/conversations/${(await ada.conversation()).id}/assignee`);
  await expect(page.getByText("This conversation is no longer yours to see")).toBeVisible();
  await expect(row(ada)).toHaveCount(0);
  await expect(page.getByRole("heading", { name: "Pick a conversation" })).toBeVisible();
  await assign(ada);
  await openChat(page, ada);
  await expect(write(page)).toHaveValue("half a thought");
});

test("an embed's visitor archives, takes back, and is told where that does not go through", async ({ page }) => {
  const [ada, bob] = [new Contact("Ada"), new Contact("Bob")];
  await ada.says("we are done");
  await bob.says("hello");
  const { id } = await ada.conversation();
  await page.goto((await embed(await number())).embed_url);
  const row = page.locator(".row", { hasText: ada.name });
  await openChat(page, ada);
  await page.route("**/archive", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: "{}" }));
  await page.getByRole("button", { name: "Archive", exact: true }).click();
  await expect(page.getByText("That did not work")).toBeVisible();
  await expect(page.getByRole("button", { name: "Archive", exact: true })).toBeVisible();
  await page.unroute("**/archive");
  await page.getByRole("button", { name: "Archive", exact: true }).click();
  await expect(page.getByRole("button", { name: "Move back to open" })).toBeVisible();
  await expect.poll(async () => (await api("GET", `/v1/conversations/${id}`)).state).toBe("archived");
  await openChat(page, bob);
  await expect(row).toHaveCount(0);
  await page.getByRole("button", { name: "Archived", exact: true }).click();
  await openChat(page, ada);
  await page.getByRole("button", { name: "Move back to open" }).click();
  await expect.poll(async () => (await api("GET", `/v1/conversations/${id}`)).state).toBe("open");
  await page.getByRole("button", { name: "Archive", exact: true }).click();
  await expect.poll(async () => (await api("GET", `/v1/conversations/${id}`)).state).toBe("archived");
  await page.getByRole("button", { name: "Open", exact: true }).click();
  await openChat(page, bob);
  await expect(row).toHaveCount(0);
  // What the contact writes brings it back by itself.
  await ada.says("one more thing");
  await expect(row).toContainText("one more thing");
});

test("the list is narrowed to one number, among those that are shared", async ({ page }) => {
  const [ada, bob] = [new Contact("Ada"), new Contact("Bob", "", "messenger")];
  await ada.says("by WhatsApp");
  await bob.says("by Messenger");
  const [mine, theirs] = [await ada.conversation(), await bob.conversation()];
  await page.goto((await embed()).embed_url);
  const row = (one: any) => page.locator(`.row[data-id="${one.id}"]`);
  await expect(row(mine)).toBeVisible();
  await expect(row(theirs)).toBeVisible();
  const select = page.getByRole("combobox", { name: /^Number/ });
  await select.selectOption(theirs.inboxId);
  await expect(row(mine)).toHaveCount(0);
  await expect(row(theirs)).toBeVisible();
  await ada.says("not shown");
  await bob.says("shown");
  await expect(row(theirs)).toContainText("shown");
  await expect(row(mine)).toHaveCount(0);
  await select.selectOption("");
  await expect(row(mine)).toContainText("not shown");
  // A link is of one number: there is nothing to choose.
  await openInbox(page);
  await expect(page.locator(".row").first()).toBeVisible();
  await expect(page.getByRole("combobox", { name: /^Number/ })).toHaveCount(0);
});

test("a session that is ended is renewed under the page, and nothing is lost", async ({ page }) => {
  const ada = new Contact();
  await ada.says("hello");
  const { id, publicUrl } = await link();
  await page.goto(publicUrl);
  await openChat(page, ada);
  await write(page).fill("a long and careful answer");
  const sessions = async () => (await api("GET", `/v1/shared-inbox-links/${id}/sessions`)).data;
  const [first] = await sessions();
  await api("DELETE", `/v1/shared-inbox-links/${id}/sessions/${first.id}`);
  await write(page).press("Enter");
  await expect(bubble(page, "a long and careful answer").getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();
  await expect(page.getByRole("alert")).toHaveCount(0);
  expect((await ada.got()).length).toBe(1);
  await ada.says("and the stream is back");
  await expect(bubble(page, "and the stream is back")).toBeVisible({ timeout: 30_000 });
  expect((await sessions()).length).toBe(2);
  // Files go by another way, and are renewed as well.
  await api("DELETE", `/v1/shared-inbox-links/${id}/sessions/${(await sessions()).find((one: any) => !one.endedAt).id}`);
  await page.getByLabel("Attach files", { exact: true }).last().setInputFiles({ name: "notes.pdf", mimeType: "application/pdf", buffer: Buffer.from("%PDF-1.4") });
  await expect(page.getByRole("list", { name: "Files to send" }).getByRole("progressbar")).toHaveCount(0);
  await write(page).press("Enter");
  await expect(async () => expect((await ada.got()).length).toBe(2)).toPass();
});

test("a session is renewed before it ends, while the page is open", async ({ page }) => {
  await page.clock.install();
  let begun = 0;
  page.on("request", (one) => one.url().endsWith("/v1/shared-inbox/sessions") && begun++);
  await openInbox(page);
  await expect(page.locator(".row").first()).toBeVisible();
  expect(begun).toBe(1);
  await page.clock.fastForward("57:00");
  await expect.poll(() => begun).toBe(2);
  await expect(page.locator(".connection.live")).toBeAttached({ timeout: 30_000 });
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("a frame on another origin that may store nothing works from memory", async ({ page }) => {
  const ada = new Contact();
  await ada.says("hello");
  await ada.conversation();
  await page.addInitScript(() => {
    if (window === top) return;
    for (const kind of ["localStorage", "sessionStorage"]) Object.defineProperty(window, kind, { get: () => { throw new DOMException("denied", "SecurityError"); } });
  });
  const holder = await host("about:blank");
  const { embed_url } = await embed({ ...(await number()), allowed_origins: [holder.origin] });
  await page.goto(holder.origin);
  await page.locator("#inbox").evaluate((frame, url) => ((frame as HTMLIFrameElement).src = url), embed_url);
  const inside = page.frameLocator("#inbox");
  await inside.locator(".row", { hasText: ada.name }).click();
  await inside.locator("#write").fill("from memory");
  await inside.locator("#write").press("Enter");
  await expect(inside.locator(".message", { hasText: "from memory" }).getByRole("img", { name: /Sent|Delivered/ })).toBeVisible();
  holder.close();
});

test("an API that is away or slow: what is there stays, what was written waits, and the newest question is answered", async ({ page }) => {
  const [ada, bob] = [new Contact("Ada"), new Contact("Bob")];
  await ada.says("hello");
  await bob.says("hello");
  await bob.conversation();
  await openInbox(page);
  await openChat(page, ada);
  await expect(bubble(page, "hello")).toBeVisible();
  let status = 0;
  await page.route("**/v1/**", (route) => (status ? route.fulfill({ status, contentType: "application/problem+json", headers: { "Retry-After": "1" }, body: "{}" }) : route.continue()));
  status = 503;
  await write(page).fill("written while it is away");
  await write(page).press("Enter");
  await expect(bubble(page, "written while it is away").getByText("Will be sent when the connection is back")).toBeVisible();
  await page.locator(".row", { hasText: bob.name }).click();
  await expect(page.getByText("The messages could not be loaded.")).toBeVisible();
  status = 0;
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(bubble(page, "hello")).toBeVisible();
  await expect(async () => expect((await ada.got()).length).toBe(1)).toPass({ timeout: 30_000 });
  // An answer to an older question comes after the newer one's.
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const late = page.waitForResponse((response) => response.url().includes("search=Slow"));
  await page.route(/search=Slow/, async (route) => (await held, route.continue()));
  const asked = page.waitForRequest(/search=Slow/);
  await page.getByRole("searchbox", { name: /Search/ }).fill("Slow");
  await asked;
  await page.getByRole("searchbox", { name: /Search/ }).fill(ada.name);
  await expect(page.locator(".row")).toHaveCount(1);
  release();
  await late;
  await expect(page.locator(".row", { hasText: ada.name })).toHaveCount(1);
  await expect(page.locator(".row")).toHaveCount(1);
});
