// Keeps an open page up to date: fetches each [data-refresh] fragment and swaps it in when it has changed.
"use strict";

const EVERY = 4000;
const seen = new Map();

async function refresh(element) {
  const answer = await fetch(element.dataset.refresh, { headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error(String(answer.status));
  const text = await answer.text();
  // Somebody who is reading with the keyboard must not lose the place.
  if (seen.get(element) === text || element.contains(document.activeElement)) return;
  if (seen.has(element)) swap(element, text);
  seen.set(element, text);
}

function swap(element, text) {
  const open = new Set([...element.querySelectorAll("details[open]")].map((item) => item.dataset.keep));
  element.innerHTML = text;
  for (const item of element.querySelectorAll("details")) item.open = open.has(item.dataset.keep);
}

function say(live) {
  const mark = document.querySelector("[data-live]");
  if (!mark) return;
  mark.classList.toggle("lost", !live);
  mark.lastElementChild.textContent = live ? "Live" : "Not answering";
}

async function round() {
  if (document.hidden) return;
  try {
    await Promise.all([...document.querySelectorAll("[data-refresh]")].map(refresh));
    say(true);
  } catch {
    say(false);
  }
}

for (const select of document.querySelectorAll("[data-submit]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
if (document.querySelector("[data-refresh]")) {
  round();
  setInterval(round, EVERY);
  document.addEventListener("visibilitychange", round);
}
