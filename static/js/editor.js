// The lines beside the studio's text field: their numbers, marks of mistakes, and going to one of them.

/** The line, counted from 1, in which position `at` of `text` stands. */
export const lineAt = (text, at) => text.slice(0, at).split("\n").length;

/** Where line `line` begins and ends in `text`. */
export function rangeOf(text, line) {
  const lines = text.split("\n");
  const index = Math.min(Math.max(line, 1), lines.length) - 1;
  const start = lines.slice(0, index).reduce((sum, one) => sum + one.length + 1, 0);
  return [start, start + lines[index].length];
}

/** Keeps a copy of the lines of `area` in `box`, so that each has its number and takes as much room as in the field. */
export class Lines {
  constructor(area, box) {
    Object.assign(this, { area, box, shown: [] });
    this.update();
  }

  update() {
    const lines = this.area.value.split("\n");
    while (this.box.children.length > lines.length) this.box.lastElementChild.remove();
    while (this.box.children.length < lines.length) {
      const row = document.createElement("p");
      row.append(document.createElement("span"));
      this.box.append(row);
    }
    lines.forEach((line, index) => {
      if (this.shown[index] !== line) this.box.children[index].firstElementChild.textContent = line || "\u200b";
    });
    this.shown = lines;
  }

  /** Mark the lines with mistakes. */
  mark(numbers) {
    [...this.box.children].forEach((row, index) => row.classList.toggle("bad-line", numbers.includes(index + 1)));
  }

  get line() {
    return lineAt(this.area.value, this.area.selectionStart);
  }

  /** Put the cursor into a line and show it. */
  go(line) {
    const [start, end] = rangeOf(this.area.value, line);
    this.area.focus({ preventScroll: true });
    this.area.setSelectionRange(start, end);
    this.box.children[Math.min(line, this.box.children.length) - 1]?.scrollIntoView({ block: "center" });
  }
}
