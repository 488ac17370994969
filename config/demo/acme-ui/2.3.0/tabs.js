// <acme-tabs><section data-tab="One">…</section><section data-tab="Two">…</section></acme-tabs>
// Arrow keys move between tabs.
import { AcmeElement, define } from "./element.js";

const style = new URL("./tabs.css", import.meta.url).href;
const markup = `<div part="list" role="tablist"></div><div part="panels"><slot></slot></div>`;

export class AcmeTabs extends AcmeElement {
  constructor() {
    super({ style, markup });
    this.shadowRoot.querySelector("slot").addEventListener("slotchange", () => this.#rebuild());
    this.part("list").addEventListener("keydown", (event) => this.#onKey(event));
  }

  get panels() {
    return [...this.children].filter((child) => child.dataset.tab);
  }

  get selected() {
    return this.panels.findIndex((panel) => !panel.hidden);
  }

  select(index) {
    const tabs = [...this.part("list").children];
    this.panels.forEach((panel, at) => {
      panel.hidden = at !== index;
      tabs[at]?.setAttribute("aria-selected", String(at === index));
      if (tabs[at]) tabs[at].tabIndex = at === index ? 0 : -1;
    });
    this.announce("acme-select", { index });
  }

  #rebuild() {
    const buttons = this.panels.map((panel, index) => {
      const button = document.createElement("button");
      button.setAttribute("role", "tab");
      button.textContent = panel.dataset.tab;
      button.addEventListener("click", () => this.select(index));
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-label", panel.dataset.tab);
      return button;
    });
    this.part("list").replaceChildren(...buttons);
    if (buttons.length) this.select(0);
  }

  #onKey(event) {
    const last = this.panels.length - 1;
    const at = this.selected;
    const moves = {
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at === 0 ? last : at - 1,
    };
    if (!(event.key in moves)) return;
    event.preventDefault();
    this.select(moves[event.key]);
    this.part("list").children[moves[event.key]].focus();
  }
}

define("acme-tabs", AcmeTabs);
