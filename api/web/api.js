// The public API: one function that asks, one that uploads. Every refusal is a `Refused` with the API's own problem in it.
import { session, renewed } from "./session.js";

/** @typedef {import("./types").Problem} Problem */

/** What the API, or the way to it, said no with. Status 0: it could not be reached. */
export class Refused extends Error {
  /** @param {Problem} problem @param {number} [retryAfter] seconds */
  constructor(problem, retryAfter) {
    super(problem.detail);
    this.problem = problem;
    this.retryAfter = retryAfter ?? 0;
  }

  /** Whether the same request may well succeed later. */
  get passes() {
    const { status } = this.problem;
    return status === 0 || status === 408 || status === 429 || status >= 500;
  }
}

const SLOW_MS = 30_000;

/** @returns {Problem} */
const unreachable = () => ({ status: 0, code: "unreachable", detail: "The server cannot be reached" });

/** @param {number} status @param {string} text @returns {Problem} */
function problem(status, text) {
  try {
    return { ...JSON.parse(text), status };
  } catch {
    return { status, code: "unknown", detail: `The server answered ${status}` };
  }
}

/**
 * Asks the API, once more if the session had to be renewed.
 * @param {string} method
 * @param {string} path
 * @param {{ query?: Record<string, any>, body?: any, key?: string, signal?: AbortSignal, headers?: Record<string, string> }} [options]
 * @returns {Promise<any>}
 */
export async function ask(method, path, options = {}) {
  const used = session.value?.token;
  try {
    return await once(method, path, options);
  } catch (error) {
    const ended = error instanceof Refused && error.problem.status === 401;
    if (ended && (await renewed(used, error.problem))) return once(method, path, options);
    throw error;
  }
}

/** @type {typeof ask} */
async function once(method, path, { query = {}, body, key, signal, headers = {} } = {}) {
  const response = await send(path + search(query), {
    method,
    headers: { ...headers, ...authorization(), ...(key ? { "Idempotency-Key": key } : {}), ...(body ? { "Content-Type": "application/json" } : {}) },
    body: body && JSON.stringify(body),
    signal: signal ? AbortSignal.any([signal, AbortSignal.timeout(SLOW_MS)]) : AbortSignal.timeout(SLOW_MS),
  });
  const text = await response.text().catch(() => "");
  if (!response.ok) throw new Refused(problem(response.status, text), Number(response.headers.get("Retry-After")) || 0);
  return text ? JSON.parse(text) : null;
}

/** `fetch` whose failure is a `Refused`, unless it was called off. @param {string} path @param {RequestInit} options */
export async function send(path, options) {
  try {
    return await fetch(path, { credentials: "omit", cache: "no-store", ...options });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refused(unreachable());
  }
}

/** @returns {Record<string, string>} */
export function authorization() {
  return session.value ? { Authorization: `Bearer ${session.value.token}` } : {};
}

/** @param {Record<string, any>} query */
function search(query) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "" && value !== false);
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}

/** Uploads a file, once more if the session had to be renewed. @type {typeof uploadOnce} */
export async function upload(file, progress, signal) {
  const used = session.value?.token;
  try {
    return await uploadOnce(file, progress, signal);
  } catch (error) {
    const ended = error instanceof Refused && error.problem.status === 401;
    if (ended && (await renewed(used, error.problem))) return uploadOnce(file, progress, signal);
    throw error;
  }
}

/**
 * Only XMLHttpRequest tells how far an upload is.
 * @param {File} file
 * @param {(share: number) => void} progress
 * @param {AbortSignal} signal
 * @returns {Promise<{ id: string, mimeType: string, size: number, url: string }>}
 */
function uploadOnce(file, progress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/v1/media${search({ filename: file.name })}`);
    for (const [name, value] of Object.entries(authorization())) request.setRequestHeader(name, value);
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText));
      else reject(new Refused(problem(request.status, request.responseText)));
    };
    request.onerror = () => reject(new Refused(unreachable()));
    request.onabort = () => reject(new DOMException("called off", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
