// A link whose press copies its address. Without script, or without the clipboard, it is followed.
import { toast } from "./toast.js";

/** Make `link` copy its address and say so. */
export function joinCopy(link, words) {
  link.addEventListener("click", async (event) => {
    if (!navigator.clipboard) return;
    event.preventDefault();
    try {
      await navigator.clipboard.writeText(link.href);
      toast(words.copied);
    } catch {
      location.assign(link.href);
    }
  });
}
