// Who may see and do what: permissions, tokens and sessions, frames on other origins, and hosts that speak.
import { generateKeyPairSync, sign } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { api, bubble, Contact, expect, INBOX, link, openChat, openInbox, PAGE, API, test, write } from "./support.ts";

/** A host page that holds the inbox in a frame, on an origin of its own. */
async function host(src: string, script = ""): Promise<{ origin: string; close: () => void }> {
  const server: Server = createServer((request, response) => {
    if (request.url === "/host.js") return void response.setHeader("Content-Type", "text/javascript").end(`window.heard = []; addEventListener("message", (event) => heard.push({ ...event.data, origin: event.origin }));${script}`);
    response.setHeader("Content-Type", "text/html").end(`<!doctype html><title>Host</title><script src="/host.js"></script><iframe id="inbox" title="Inbox" src="${src}" style="width:100%;height:700px"></iframe>`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

async function embed(more: Record<string, unknown> = {}): Promise<{ id: string; embed_url: string }> {
  const inbox = await api("GET", `/v1/inboxes/${INBOX}`);
  const made = await api("POST", "/platform/v1/inbox_embeds", { inbox_embed: { name: "Acme", scope_type: "phone_number", scope_id: inbox.externalId, ...more } });
  return { ...made.data, embed_url: made.data.embed_url.replace(API, PAGE) };
}

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
  const { embed_url } = await embed({ allowed_origins: [good.origin] });
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
  good.close();

  const bad = await host(embed_url);
  await page.goto(bad.origin);
  await expect.poll(() => page.frames().filter((frame) => frame !== page.mainFrame()).map((frame) => frame.url()).join()).toContain("chrome-error://");
  bad.close();
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
