import "./index.js";

const dialog = document.querySelector("acme-dialog");
document.querySelector("#ask").addEventListener("click", async () => {
  const answer = await dialog.show();
  document.querySelector("#answer").textContent = answer ? `You said: ${answer}` : "Dismissed";
});
