// Copying: a link whose press copies its address (without script or clipboard it is followed), and buttons beside texts.
import { toast } from "./toast.js";

/** Make the buttons in `root` copy the text that they name, and say so. Without script or clipboard they stay hidden. */
export function joinCopyButtons(root) {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    if (button.dataset.joined) continue;
    button.dataset.joined = "yes";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      toast(button.dataset.copied);
    });
  }
}

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
