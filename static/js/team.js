// The team page: filters apply as soon as they are changed, the page can be printed. Without it there is a button.
const form = document.getElementById("filters");
const print = document.getElementById("print");

form.addEventListener("change", (event) => {
  if (event.target.id === "team-choice") location.assign(event.target.value + location.search);
  else form.requestSubmit();
});
document.getElementById("apply").hidden = true;
print.hidden = false;
print.addEventListener("click", () => window.print());
