// Building blocks of the widgets: elements without markup strings, and texts with named places.

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** An HTML element with attributes and children (nodes or text). */
export const html = (name, attributes = {}, ...children) => build(document.createElement(name), attributes, children);

/** An SVG element with attributes and children. */
export const svg = (name, attributes = {}, ...children) =>
  build(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

/** "{a} looks at {b}" with the named values put in; a name that is missing stays visible. */
export const fillIn = (template, values) => template.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
