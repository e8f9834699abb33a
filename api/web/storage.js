// What outlives a reload: in the browser's storage, or in memory where that is closed, as in some frames.

/** @param {"sessionStorage" | "localStorage"} kind */
function open(kind) {
  /** @type {Map<string, string>} */
  const memory = new Map();
  /** @type {Storage | null} */
  let store = null;
  try {
    store = window[kind];
    store.setItem("switchboard.probe", "1");
    store.removeItem("switchboard.probe");
  } catch {
    store = null;
  }
  return {
    /** @param {string} name @returns {any} */
    get(name) {
      const text = (store ? store.getItem(`switchboard.${name}`) : null) ?? memory.get(name);
      try {
        return text ? JSON.parse(text) : null;
      } catch {
        return null;
      }
    },
    /** @param {string} name @param {any} value */
    set(name, value) {
      const text = JSON.stringify(value);
      try {
        if (store) return store.setItem(`switchboard.${name}`, text);
      } catch {
        // Full: memory will do.
      }
      memory.set(name, text);
    },
    /** @param {string} name */
    remove(name) {
      memory.delete(name);
      try {
        store?.removeItem(`switchboard.${name}`);
      } catch {
        // Nothing was kept there.
      }
    },
  };
}

/** Of this tab: credentials and what is being sent. */
export const tab = open("sessionStorage");
/** Of this browser: drafts and choices. */
export const browser = open("localStorage");
