// <acme-card icon="package"><h3 slot="title">…</h3> text <acme-button slot="actions">…</acme-card>
import { icon } from "../../acme-tokens/1.5.0/index.js";
import { AcmeElement, define } from "./element.js";

const style = new URL("./card.css", import.meta.url).href;
const markup = `
  <article part="surface">
    <header part="header"><span part="icon"></span><slot name="title"></slot></header>
    <div part="body"><slot></slot></div>
    <footer part="footer"><slot name="actions"></slot></footer>
  </article>`;

export class AcmeCard extends AcmeElement {
  static observedAttributes = ["icon"];

  constructor() {
    super({ style, markup });
    const actions = this.shadowRoot.querySelector('slot[name="actions"]');
    const show = () => (this.part("footer").hidden = actions.assignedElements().length === 0);
    actions.addEventListener("slotchange", show);
    show();
  }

  attributeChangedCallback(name, before, after) {
    this.part("icon").replaceChildren(...(after ? [icon(after, { size: "1.5em" })] : []));
  }
}

define("acme-card", AcmeCard);
