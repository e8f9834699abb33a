// One object of state that components watch.
import { useEffect, useState } from "./html.js";

export function createStore(initial) {
  let state = initial;
  const watchers = new Set();
  return {
    get: () => state,
    set(patch) {
      state = { ...state, ...(typeof patch === "function" ? patch(state) : patch) };
      for (const watcher of [...watchers]) watcher();
    },
    use(select) {
      const [, redraw] = useState(0);
      useEffect(() => {
        let last = select(state);
        const watcher = () => {
          const next = select(state);
          if (!Object.is(next, last)) {
            last = next;
            redraw((count) => count + 1);
          }
        };
        watcher();
        watchers.add(watcher);
        return () => watchers.delete(watcher);
      }, []);
      return select(state);
    },
  };
}

// What a browser remembers of a page; works on without it where storage is switched off.
export const remembered = {
  get(key, otherwise) {
    try {
      return JSON.parse(localStorage.getItem(`sandbox.${key}`)) ?? otherwise;
    } catch {
      return otherwise;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(`sandbox.${key}`, JSON.stringify(value));
    } catch {
      // Full or forbidden: the page forgets.
    }
  },
};
