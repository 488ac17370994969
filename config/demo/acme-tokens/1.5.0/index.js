// acme-tokens: names of the tokens for scripts, and icons as elements.
const sprite = new URL("./icons.svg", import.meta.url).href;

export const version = "1.5.0";
export const icons = ["check", "close", "arrow", "search", "package", "bolt", "globe", "shield"];

// The value in force of a token: token("color-accent") reads --acme-color-accent.
export function token(name, element = document.documentElement) {
  return getComputedStyle(element).getPropertyValue(`--acme-${name}`).trim();
}

// An <svg> that shows one icon of the sprite; decorative unless it is given a label.
export function icon(name, { label = "", size = "1.25em" } = {}) {
  if (!icons.includes(name)) throw new RangeError(`acme-tokens has no icon "${name}"`);
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  svg.setAttribute("width", size);
  svg.setAttribute("height", size);
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else {
    svg.setAttribute("aria-hidden", "true");
  }
  const use = document.createElementNS(namespace, "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}
