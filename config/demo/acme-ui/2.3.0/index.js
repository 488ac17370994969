// acme-ui: importing this file registers every component.
export { AcmeButton } from "./button.js";
export { AcmeCard } from "./card.js";
export { AcmeDialog } from "./dialog.js";
export { AcmeTabs } from "./tabs.js";

export const version = "2.3.0";
