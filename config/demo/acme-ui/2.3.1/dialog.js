// <acme-dialog label="…">content <acme-button slot="actions" data-result="yes">…</acme-dialog>
// show() opens it and resolves to the data-result that closed it, "" when it was dismissed.
import { icon } from "../../acme-tokens/1.5.0/index.js";
import { AcmeElement, define } from "./element.js";

const style = new URL("./dialog.css", import.meta.url).href;
const markup = `
  <dialog part="window">
    <header part="header"><strong part="label"></strong>
      <button part="close" type="button" aria-label="Close"></button></header>
    <div part="body"><slot></slot></div>
    <footer part="footer"><slot name="actions"></slot></footer>
  </dialog>`;

export class AcmeDialog extends AcmeElement {
  static observedAttributes = ["label"];

  constructor() {
    super({ style, markup });
    this.part("close").append(icon("close"));
    this.part("close").addEventListener("click", () => this.close(""));
    this.addEventListener("click", (event) => {
      const chosen = event.target.closest("[data-result]");
      if (chosen) this.close(chosen.dataset.result);
    });
  }

  attributeChangedCallback(name, before, after) {
    this.part("label").textContent = after ?? "";
    this.part("window").setAttribute("aria-label", after ?? "");
  }

  show() {
    const dialog = this.part("window");
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
    });
  }

  close(result) {
    if (this.announce("acme-close", { result })) this.part("window").close(result);
  }
}

define("acme-dialog", AcmeDialog);
