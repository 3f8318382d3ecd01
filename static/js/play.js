// The play panel: sliders beside their number fields. The form itself is htmx's, or plain.

/** Join every slider in `root` to the field that it sets. Without script only the fields are there. */
export function joinSliders(root) {
  for (const slider of root.querySelectorAll("[data-sets]")) {
    const field = root.querySelector(`#${slider.dataset.sets}`);
    slider.hidden = false;
    slider.value = field.value;
    if (slider.dataset.joined) continue;
    slider.dataset.joined = "yes";
    slider.addEventListener("input", () => (field.value = String(+slider.value)));
    field.addEventListener("input", () => field.value.trim() && (slider.value = field.value));
  }
}
