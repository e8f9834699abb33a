// A sandbox for one test, and what its pages must never do.
import { AxeBuilder } from "@axe-core/playwright";
import { type Page, expect, test as base } from "@playwright/test";
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { createConnection } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";

// The newest build there is.
const TARGET = process.env.CARGO_TARGET_DIR ?? join(import.meta.dirname, "../../../target");
const built = ["debug", "release"].map((kind) => join(TARGET, kind, "sandbox")).filter((file) => existsSync(file));
const PROGRAM = process.env.SANDBOX_BIN ?? built.sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs)[0] ?? "sandbox";

export const ANN = "16505551234";
export const PHONE = "200000000000001";
export const NUMBER = "+15550000301";
export const CHAT = `/phone#whatsapp/${PHONE}`;
export const TEXTS = `/phone#text/${encodeURIComponent(NUMBER)}`;

type Json = Record<string, any>;

export class Sandbox {
  base = "";
  private child: ChildProcess | undefined;

  async start(listen = "127.0.0.1:0", mail = "127.0.0.1:0") {
    const settings = JSON.stringify({ pacing: false, statusMs: 5 });
    const args = ["--listen", listen, "--settings", settings, ...(mail ? ["--mail-listen", mail] : [])];
    this.child = spawn(PROGRAM, args, { stdio: ["ignore", "ignore", "pipe"] });
    for await (const line of createInterface(this.child.stderr!)) {
      const found = / address=(\S+)/.exec(line);
      if (found) {
        this.base = `http://${found[1]}`;
        break;
      }
    }
    if (!this.base) throw new Error(`${PROGRAM} did not start`);
  }

  async stop() {
    if (!this.child || this.child.exitCode !== null) return;
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    await ended;
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const json = { "content-type": "application/json", ...headers };
    const answer = await fetch(this.base + path, { method, headers: json, body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body) });
    return { status: answer.status, body: (await answer.json().catch(() => null)) as any };
  }

  // As the business, by WhatsApp's API.
  async send(message: Json, to = ANN) {
    const body = { messaging_product: "whatsapp", to, ...message };
    return this.call("POST", `/v24.0/${PHONE}/messages`, body, { authorization: "Bearer sandbox-access-token" });
  }

  async sent(message: Json, to = ANN): Promise<string> {
    const { status, body } = await this.send(message, to);
    expect(status, JSON.stringify(body)).toBe(200);
    return body.messages[0].id;
  }

  async sendText(words: string) {
    const account = "AC00000000000000000000000000000001";
    const form = new URLSearchParams({ To: `+${ANN}`, From: NUMBER, Body: words }).toString();
    const authorization = `Basic ${Buffer.from(`${account}:sandbox-auth-token`).toString("base64")}`;
    return this.call("POST", `/2010-04-01/Accounts/${account}/Messages.json`, form, { "content-type": "application/x-www-form-urlencoded", authorization });
  }

  // As an RCS agent, with a token for its service account.
  async sendRcs(contentMessage: Json) {
    const { body: account } = await this.call("GET", "/control/rcs-agents/sandbox_agent/service-account");
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: account.client_email, aud: account.token_uri, iat: now, exp: now + 600, scope: "https://www.googleapis.com/auth/rcsbusinessmessaging" };
    const statement = `${part({ alg: "RS256", typ: "JWT", kid: account.private_key_id })}.${part(claims)}`;
    const assertion = `${statement}.${sign("RSA-SHA256", Buffer.from(statement), account.private_key).toString("base64url")}`;
    const form = new URLSearchParams({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion }).toString();
    const { body: token } = await this.call("POST", "/token", form, { "content-type": "application/x-www-form-urlencoded" });
    const path = `/v1/phones/+${ANN}/agentMessages?messageId=${randomUUID()}&agentId=sandbox_agent`;
    const { status, body } = await this.call("POST", path, { contentMessage }, { authorization: `Bearer ${token.access_token}` });
    expect(status, JSON.stringify(body)).toBe(200);
  }

  // As a contact, past the page.
  async speak(message: Json, contact = ANN): Promise<string> {
    const { status, body } = await this.call("POST", `/contacts/${contact}/messages`, { to: PHONE, name: "Ann Lee", ...message });
    expect(status, JSON.stringify(body)).toBe(201);
    return body.id;
  }

  async said(channel = "whatsapp", contact = ANN): Promise<Json[]> {
    return (await this.call("GET", `/contacts/${contact}/messages?channel=${channel}`)).body.messages;
  }

  async mailPort(): Promise<number> {
    return Number((await this.call("GET", "/mail")).body.address.split(":").at(-1));
  }

  async mail(to: string, raw: string): Promise<string> {
    const socket = createConnection(await this.mailPort(), "127.0.0.1");
    const lines = createInterface(socket)[Symbol.asyncIterator]();
    const hear = async () => {
      let line = (await lines.next()).value as string;
      while (line[3] === "-") line = (await lines.next()).value as string;
      return line;
    };
    await hear();
    let reply = "";
    for (const line of ["EHLO test", "MAIL FROM:<inbox@example.com>", `RCPT TO:<${to}>`, "DATA", `${raw}\r\n.`]) {
      socket.write(`${line}\r\n`);
      reply = await hear();
      if (/^[45]/.test(reply)) break;
    }
    socket.destroy();
    return reply;
  }
}

export const test = base.extend<{ sandbox: Sandbox; quiet: void }>({
  sandbox: async ({}, use) => {
    const sandbox = new Sandbox();
    await sandbox.start();
    await use(sandbox);
    await sandbox.stop();
  },
  baseURL: async ({ sandbox }, use) => use(sandbox.base),
  // No test passes on a page that threw, or that its own policy had to stop.
  quiet: [
    async ({ page }, use) => {
      const heard: string[] = [];
      page.on("pageerror", (error) => heard.push(error.message));
      page.on("console", (line) => {
        // An email's frame may well be stopped: that is what its policy is for.
        const caged = line.location().url.includes("/html") || /frame is sandboxed/.test(line.text());
        if (!caged && /Content Security Policy|Refused to/i.test(line.text())) heard.push(line.text());
      });
      page.on("dialog", (dialog) => (heard.push(dialog.message()), dialog.dismiss()));
      await use();
      expect(heard).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

export const bubble = (page: Page, words: string | RegExp) => page.locator(".bubble").filter({ hasText: words });

export async function accessible(page: Page) {
  // Colours in the middle of a movement are nobody's.
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.effect?.getTiming().iterations === Infinity ? undefined : animation.finished)));
  // What an email looks like is its sender's affair, and its frame runs no script, not axe's either.
  const { violations } = await new AxeBuilder({ page }).exclude("iframe").analyze();
  const told = violations.map(({ id, help, nodes }) => ({ id, help, at: nodes.slice(0, 3).map((node) => `${node.target}: ${node.any[0]?.message ?? ""}`) }));
  expect(told).toEqual([]);
}

export async function fits(page: Page) {
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wider).toBe(0);
}
