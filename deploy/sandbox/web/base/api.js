// Calls to the sandbox, and its stream of changes.

export async function call(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, { method, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Error("The sandbox does not answer.");
  }
  const text = await answer.text();
  let said = null;
  try {
    said = text ? JSON.parse(text) : null;
  } catch {
    // Not JSON: the status says enough.
  }
  if (!answer.ok) throw new Error(typeof said?.error === "string" ? sentence(said.error) : `Refused with ${answer.status}.`);
  return said;
}

// A sentence of the sandbox's, but for a first word that is the name of a field.
const sentence = (text) =>
  (/^[a-z]+[ ,]/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text) + (/[.!?]$/.test(text) ? "" : ".");

const LONGEST_PAUSE = 5_000;
// Looks again now and then, in case something changed that was not told.
const LOOK_AGAIN = 15_000;

// Calls `changed` at once and after every change, one call at a time; `state` hears "live" and "lost", `restarted` of another run.
export function watch({ changed, state, restarted }) {
  let pause = 250;
  let run = null;
  let busy = false;
  let again = false;
  const look = async () => {
    again = busy;
    if (busy) return;
    busy = true;
    try {
      await changed();
    } catch {
      // The stream tells whether the sandbox is there.
    }
    busy = false;
    if (again) look();
  };
  const connect = () => {
    const stream = new EventSource("/control/events");
    stream.addEventListener("changed", (event) => {
      const told = JSON.parse(event.data).run;
      if (run && run !== told) restarted();
      run = told;
      pause = 250;
      state("live");
      look();
    });
    stream.onerror = () => {
      stream.close();
      state("lost");
      setTimeout(connect, pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    };
  };
  connect();
  setInterval(() => document.hidden || look(), LOOK_AGAIN);
  return look;
}

export const file = (id) => `/control/files/${encodeURIComponent(id)}`;
