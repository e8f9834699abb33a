// Has the official library for JavaScript verify what Switchboard posts: a test, then one while a secret is replaced, and forgeries.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

const { API_URL, API_KEY } = process.env;
const waiting = [];
const received = [];
const server = createServer(async (request, response) => {
  const post = { body: await text(request), headers: request.headers };
  const next = waiting.shift();
  next ? next(post) : received.push(post);
  response.writeHead(204).end();
});
server.listen(0, "127.0.0.1");
await once(server, "listening");

function nextPost() {
  if (received.length > 0) return Promise.resolve(received.shift());
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("nothing was posted in 30 s")), 30_000);
    waiting.push((post) => {
      clearTimeout(late);
      resolve(post);
    });
  });
}

async function call(method, path, body) {
  const headers = { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" };
  const answer = await fetch(API_URL + path, {
    method,
    headers,
    body: method === "POST" ? JSON.stringify(body ?? {}) : undefined,
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer.status === 204 ? undefined : answer.json();
}

const verify = (secret, post) => new Webhook(secret).verify(post.body, post.headers);
const forged = (secret, post) => assert.throws(() => verify(secret, post), WebhookVerificationError);

const created = await call("POST", "/v1/webhooks", { url: `http://127.0.0.1:${server.address().port}/hook` });
const path = `/v1/webhooks/${created.id}`;
try {
  await call("POST", `${path}/test`);
  const post = await nextPost();
  assert.equal(verify(created.secret, post).id, post.headers["webhook-id"]);
  forged(created.secret, { ...post, body: `${post.body} ` });
  for (const [name, other] of [["webhook-id", "evt_other"], ["webhook-timestamp", "1700000000"]]) {
    forged(created.secret, { ...post, headers: { ...post.headers, [name]: other } });
  }
  const rotated = await call("POST", `${path}/rotate-secret`);
  await call("POST", `${path}/test`);
  const overlapping = await nextPost();
  verify(created.secret, overlapping);
  verify(rotated.secret, overlapping);
  assert.equal(overlapping.headers["webhook-signature"].split(" ").length, 2);
} finally {
  await call("DELETE", path);
  server.close();
  server.closeAllConnections();
}
console.log("standardwebhooks (JavaScript): verified");
