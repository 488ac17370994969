// <acme-button variant="solid|quiet|danger" icon="arrow" disabled>Label</acme-button>
import { icon } from "../../acme-tokens/1.4.0/index.js";
import { AcmeElement, define } from "./element.js";

const style = new URL("./button.css", import.meta.url).href;
const markup = `<button part="control" type="button"><slot></slot><span part="icon"></span></button>`;

export class AcmeButton extends AcmeElement {
  static observedAttributes = ["disabled", "icon"];

  constructor() {
    super({ style, markup });
  }

  attributeChangedCallback(name, before, after) {
    const control = this.part("control");
    if (name === "disabled") control.disabled = after !== null;
    if (name === "icon") this.part("icon").replaceChildren(...(after ? [icon(after)] : []));
  }
}

define("acme-button", AcmeButton);
