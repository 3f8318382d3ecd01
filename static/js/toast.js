// Short notices that float at the corner. The container comes with every page (parts/_toasts.html).

const LIFE_MS = 6000;
const ICONS = {
  success: "M3 8.5 6.3 12 13 4.5",
  error: "M8 2.5 14.5 13.5H1.5zM8 6.5v3M8 11.4v.2",
};

const container = () => document.querySelector(".toasts");

/** Say `text` for six seconds, longer while it is hovered or focused. An error stays until it is closed. */
export function toast(text, { level = "success" } = {}) {
  const box = document.createElement("div");
  box.className = `toast ${level}`;
  box.innerHTML =
    `<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="${ICONS[level] ?? ICONS.success}"/></svg><span></span>` +
    '<button type="button" class="btn btn-icon btn-small end" data-close-toast>' +
    '<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="M4 4l8 8M12 4l-8 8"/></svg></button>';
  box.querySelector("span").textContent = text;
  box.querySelector("button").ariaLabel = container().dataset.dismiss;
  container().append(box);
  expire(box);
  return box;
}

/** Let `box` go after its time. */
export function expire(box) {
  if (box.classList.contains("error")) return;
  const later = () => {
    if (box.matches(":hover, :focus-within")) setTimeout(later, LIFE_MS);
    else box.remove();
  };
  setTimeout(later, LIFE_MS);
}
