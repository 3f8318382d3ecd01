// Requests to our own server. Imported by every page module that posts.

/** The value of the cookie `name`, or "". */
export function cookie(name) {
  const found = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

/** The CSRF token. Read from the cookie each time: it changes when the person signs in in another tab. */
export const csrfToken = () => cookie("csrftoken") || document.querySelector("[name=csrfmiddlewaretoken]")?.value || "";

/**
 * POST `body` (an object, FormData or URLSearchParams) to `url` as a form. Resolves to the Response, whatever its status;
 * rejects only when the server did not answer. Options go to fetch.
 */
export function post(url, body = {}, options = {}) {
  const form = body instanceof FormData || body instanceof URLSearchParams ? body : new URLSearchParams(body);
  return fetch(url, {
    method: "POST",
    body: form,
    credentials: "same-origin",
    ...options,
    headers: { "X-CSRFToken": csrfToken(), ...options.headers },
  });
}
