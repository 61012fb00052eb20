// Small comforts on pages that are complete without them. Controls that need this file are in the page with `hidden`.
"use strict";

// Show what is typed in a password field.
for (const button of document.querySelectorAll("[data-reveal]")) {
  const input = document.getElementById(button.dataset.reveal);
  if (!input) continue;
  const set = (shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.textContent = shown ? button.dataset.hide : button.dataset.show;
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    set(input.type === "password");
    input.focus();
  });
  // A password manager saves a field of type "password" only.
  input.form?.addEventListener("submit", () => set(false));
}

// Copy a text that is on the page.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  const label = button.textContent;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = button.dataset.done;
    } catch {
      button.textContent = button.dataset.failed;
    }
    setTimeout(() => { button.textContent = label; }, 4000);
  });
}

// Say while typing how many characters a new password still needs.
for (const output of document.querySelectorAll("[data-length-of]")) {
  const input = document.getElementById(output.dataset.lengthOf);
  if (!input) continue;
  const least = Number(output.dataset.least);
  const tell = () => {
    const missing = least - [...input.value].length;
    output.hidden = input.value === "";
    if (missing <= 0) output.textContent = output.dataset.enough;
    else if (missing === 1) output.textContent = output.dataset.one;
    else output.textContent = output.dataset.many.replace("{n}", String(missing));
  };
  input.addEventListener("input", tell);
}
