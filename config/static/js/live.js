// The list answers while one types. What it takes comes when somebody is about to: most readers of a list never search.
const form = document.querySelector("[data-live]");
form?.addEventListener("focusin", async ({ target }) => {
  const before = target.value;
  await import(form.dataset.live);
  // What was typed or pasted meanwhile went by unheard; the library begins to listen in the next turn.
  setTimeout(() => target.value !== before && target.dispatchEvent(new Event("input", { bubbles: true })));
}, { once: true });
