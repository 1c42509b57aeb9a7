// Building the page. Texts are only ever set as texts: what orders carry is anybody's.

export const byId = (id) => document.getElementById(id);

/** An element; children are elements, or whatever is shown as text. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  const shown = children.filter((child) => child != null);
  element.append(...shown.map((child) => (child instanceof Node ? child : String(child))));
  return element;
}

/** Sets a text, if it is another one: nothing is announced or repainted for nothing. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Fills an element anew if `key` has changed, and leaves the keyboard where it was. */
export function fill(element, key, build) {
  const json = JSON.stringify(key);
  if (element.dataset.key === json) return;
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
  element.replaceChildren(...build());
  element.dataset.key = json;
  if (focused) [...element.querySelectorAll("[data-focus]")].find((other) => other.dataset.focus === focused)?.focus();
}
