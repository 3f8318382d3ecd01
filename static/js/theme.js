// Light, dark or as the system, without loading the page again. The server renders the same choice from the cookie,
// so no early script is needed against a flash. Charts redraw on the "themechange" event of the document.
import { cookie, post } from "./http.js";

const root = document.documentElement;

function show(theme) {
  if (root.dataset.theme === theme) return;
  root.dataset.theme = theme;
  document.querySelector("meta[name=color-scheme]").content = theme === "system" ? "light dark" : theme;
  document.querySelectorAll("[data-theme-switch] button").forEach((button) => {
    button.ariaPressed = String(button.value === theme);
  });
  document.dispatchEvent(new CustomEvent("themechange", { detail: { theme } }));
}

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-theme-switch]") || !event.submitter) return;
  event.preventDefault();
  const theme = event.submitter.value;
  show(theme);
  post(event.target.action, { theme }, { redirect: "manual", keepalive: true }).catch(() => {
    document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax`;
  });
});

// A page that comes back from the browser's memory may be older than the choice.
addEventListener("pageshow", (event) => event.persisted && show(cookie("theme") || "system"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  if (root.dataset.theme === "system") document.dispatchEvent(new CustomEvent("themechange", { detail: { theme: "system" } }));
});
