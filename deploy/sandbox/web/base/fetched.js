// What a component shows of the sandbox, fetched anew whenever `beat` changes.
import { call } from "./api.js";
import { useEffect, useState } from "./html.js";

export function useFetched(path, beat) {
  const [found, setFound] = useState(null);
  const [again, setAgain] = useState(0);
  useEffect(() => {
    let over = false;
    call("GET", path).then((said) => over || setFound(said), () => {});
    return () => {
      over = true;
    };
  }, [path, beat, again]);
  return [found, () => setAgain((count) => count + 1)];
}
