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

// Print a page that is made for paper.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
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

// Say while typing how many characters a new password still needs, then how hard it looks to guess. What may be a
// password is for the service to say; this only spares a try.
const plain = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
const letters = (text) => plain(text).replace(/[^a-z0-9]/g, "");
const strength = (typed, words) => {
  let rest = letters(typed);
  for (const word of words) rest = rest.replaceAll(word, "");
  if (rest !== letters(typed) && rest.replace(/[0-9]/g, "").length < 6) return "known";
  // A character counts when it is not the one before it, nor its neighbour in the alphabet, nor seen twice already.
  let count = 0;
  const seen = new Map();
  const all = [...plain(typed)];
  all.forEach((character, place) => {
    const times = (seen.get(character) ?? 0) + 1;
    seen.set(character, times);
    const step = place ? Math.abs(character.codePointAt(0) - all[place - 1].codePointAt(0)) : 2;
    if (step > 1 && times <= 2) count += 1;
  });
  return count < 7 ? "weak" : count < 12 ? "enough" : "strong";
};
for (const output of document.querySelectorAll("[data-length-of]")) {
  const input = document.getElementById(output.dataset.lengthOf);
  if (!input) continue;
  const least = Number(output.dataset.least);
  const words = (output.dataset.avoid ?? "").split(/[\s@.,-]+/).map(letters).filter((word) => word.length > 3);
  const tell = () => {
    const missing = least - [...input.value].length;
    output.hidden = input.value === "";
    let text = missing === 1 ? output.dataset.one : output.dataset.many.replace("{n}", String(missing));
    if (missing <= 0) text = output.dataset[strength(input.value, words)];
    if (output.textContent !== text) output.textContent = text; // announced when it changes, not at every key
  };
  input.addEventListener("input", tell);
}

// A menu closes with Escape, and when one goes on somewhere else on the page.
for (const menu of document.querySelectorAll("details.menu")) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
}

// A role that is put together: the level of an area ticks its permissions, and single ticks say which level they come to.
const chosen = document.querySelector("[data-chosen]");
const count = () => {
  const number = document.querySelectorAll("[data-area] input[type=checkbox]:checked").length;
  chosen.textContent = number === 1 ? chosen.dataset.one : chosen.dataset.many.replace("{n}", String(number));
};
for (const area of document.querySelectorAll("[data-area]")) {
  const order = ["none", "view", "work", "manage"];
  const ticks = [...area.querySelectorAll("input[type=checkbox]")];
  const levels = [...area.querySelectorAll("input[type=radio]")];
  const within = (tick, level) => order.indexOf(tick.dataset.level) <= order.indexOf(level);
  const brought = (tick, level) => within(tick, level) && !("apart" in tick.dataset);
  area.addEventListener("change", (event) => {
    if (event.target.type === "radio" && order.includes(event.target.value)) {
      const level = event.target.value;
      for (const tick of ticks) tick.checked = brought(tick, level) || (tick.checked && within(tick, level) && "apart" in tick.dataset);
    } else if (event.target.type === "radio") {
      area.querySelector("details").open = true;
    } else {
      const found = levels.find((each) => order.includes(each.value) && ticks.every((tick) => tick.checked === brought(tick, each.value)));
      (found ?? levels[levels.length - 1]).checked = true;
    }
    count();
  });
}

// A choice that others depend on brings them at once; without this file, a button does.
for (const select of document.querySelectorAll("[data-presses]")) {
  const button = document.getElementById(select.dataset.presses);
  if (!button) continue;
  button.hidden = true;
  select.addEventListener("change", () => select.form.requestSubmit(button));
}

// What belongs to some choices of a list is there with those, unfolded; without this file, it is folded.
for (const part of document.querySelectorAll("[data-by]")) {
  const select = document.getElementById(part.dataset.by);
  if (!select) continue;
  const values = part.dataset.for.split(" ");
  const set = () => {
    part.hidden = !(values.includes(select.value) || (select.value !== "" && values[0] === "*"));
    if (!part.hidden && part.dataset.for !== "*") part.open = true;
  };
  set();
  select.addEventListener("change", set);
}

// What was filled in and not sent is kept nowhere: whoever leaves is asked, once.
for (const form of document.querySelectorAll("form[data-asks]")) {
  let filled = form.dataset.asks === "filled";
  form.addEventListener("input", () => { filled = true; });
  form.addEventListener("submit", () => { filled = false; });
  window.addEventListener("beforeunload", (event) => {
    if (filled) event.preventDefault();
    filled = false;
  });
}
