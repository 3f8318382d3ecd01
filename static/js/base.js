// What every page does: the CSRF token for htmx, toasts, sign-in again when the session has ended, menus.
import { csrfToken } from "./http.js";
import { expire, toast } from "./toast.js";

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = csrfToken();
});

// A fragment that asks to sign in first was redirected to the sign-in page: go there with the whole page.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { responseURL, status } = event.detail.xhr;
  const login = document.body.dataset.login;
  if (status === 200 && responseURL && login && new URL(responseURL).pathname === login) {
    event.preventDefault();
    location.assign(`${login}?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
});

// The page around a failed fragment stays; say that it failed. A polled fragment keeps quiet and asks again.
function failed(event) {
  if (event.detail.elt.matches("[hx-trigger*=every]")) return;
  toast(document.querySelector(".toasts").dataset.failed, { level: "error" });
}
document.addEventListener("htmx:sendError", failed);
document.addEventListener("htmx:responseError", failed);

document.querySelectorAll(".toast").forEach(expire);
document.addEventListener("click", (event) => {
  event.target.closest("[data-close-toast]")?.closest(".toast").remove();
});

// After a failed submit the first wrong field gets the focus.
document.querySelector("main [aria-invalid=true]")?.focus();
