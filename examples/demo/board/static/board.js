// The page works without this: a form that posts, a list that is there. With it, entries of others appear by
// themselves. The server's own HTML is the only rendering; this only swaps the parts that changed.
"use strict";

const PARTS = ["facts", "counts", "entries"];
const PAUSE_MILLISECONDS = 4000;
const form = document.getElementById("form");

const show = (text, parts) => {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  const known = new Set([...document.querySelectorAll("[data-id]")].map((entry) => entry.dataset.id));
  for (const part of parts) {
    const [before, after] = [document, fresh].map((page) => page.getElementById(part));
    if (before && after && before.innerHTML !== after.innerHTML) before.innerHTML = after.innerHTML;
  }
  for (const entry of document.querySelectorAll("[data-id]")) {
    if (!known.has(entry.dataset.id)) entry.classList.add("fresh");
  }
  form.querySelector("fieldset").disabled = fresh.querySelector("#form fieldset").disabled;
};

const refresh = async () => {
  if (!document.hidden) {
    try {
      const answer = await fetch("/");
      show(await answer.text(), PARTS);
    } catch {
      // The next round asks again.
    }
  }
  setTimeout(refresh, PAUSE_MILLISECONDS);
};

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const answer = await fetch("/", { method: "POST", body: new URLSearchParams(new FormData(form)) });
    const text = await answer.text();
    if (answer.ok) {
      show(text, PARTS);
      form.elements.text.value = "";
      form.elements.text.focus();
    } else {
      show(text, [...PARTS, "form"]);
    }
  } catch {
    form.submit();
  } finally {
    form.querySelector("button").disabled = false;
  }
});

setTimeout(refresh, PAUSE_MILLISECONDS);
