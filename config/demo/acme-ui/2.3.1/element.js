// What every component of acme-ui shares: a shadow tree with the component's own style sheet.

export class AcmeElement extends HTMLElement {
  // `style` is the URL of a style sheet, `markup` the content of the shadow tree.
  constructor({ style, markup }) {
    super();
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = style;
    const template = document.createElement("template");
    template.innerHTML = markup;
    root.append(link, template.content);
  }

  part(name) {
    return this.shadowRoot.querySelector(`[part~="${name}"]`);
  }

  announce(type, detail) {
    return this.dispatchEvent(
      new CustomEvent(type, { detail, bubbles: true, composed: true, cancelable: true }),
    );
  }
}

// Names stay with whoever registered them first, so two versions can meet on one page.
export function define(name, element) {
  if (!customElements.get(name)) customElements.define(name, element);
}
