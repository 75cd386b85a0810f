// The list answers while one types. What it takes comes when somebody is about to: most readers of a list never search.
const form = document.querySelector("[data-live]");
form?.addEventListener("focusin", () => import(form.dataset.live), { once: true });
