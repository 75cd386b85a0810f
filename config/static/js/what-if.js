// Asks what the grade would be with the form as it is filled in now, a moment after it was last changed.
"use strict";
{
  const PAUSE = 300;
  const AWAY = "What this would change cannot be worked out just now.";
  const LOGGED_OUT = "You are logged out. Log in again in another window, and go on here.";

  function watch(panel) {
    const form = panel.closest("form");
    const said = panel.querySelector("[data-said]");
    let timer;
    let asking = new AbortController();
    let asked = "";

    function filled() {
      const fields = [...form.querySelectorAll(panel.dataset.watches)];
      return JSON.stringify(fields.map((field) => [field.name, field.value, field.checked]));
    }

    async function ask() {
      if (filled() === asked) return;
      asked = filled();
      asking.abort();
      asking = new AbortController();
      said.setAttribute("aria-busy", "true");
      try {
        const answer = await fetch(panel.dataset.url, {
          method: "POST",
          body: new FormData(form),
          headers: { "X-What-If": "panel" },
          signal: asking.signal,
        });
        if (answer.redirected) tell(LOGGED_OUT);
        else if (answer.ok) said.innerHTML = await answer.text();
        else tell(AWAY);
      } catch (error) {
        if (error.name === "AbortError") return;
        tell(AWAY);
      }
      said.removeAttribute("aria-busy");
    }

    function tell(sentence) {
      asked = "";
      said.textContent = sentence;
    }

    function later() {
      clearTimeout(timer);
      timer = setTimeout(ask, PAUSE);
    }

    // The choosers of the admin tell of a change through its jQuery alone, and rows come and go with events of their own.
    if (window.django?.jQuery) django.jQuery(form).on("input change", later);
    else ["input", "change"].forEach((name) => form.addEventListener(name, later));
    document.addEventListener("formset:added", later);
    document.addEventListener("formset:removed", later);
    ask();
  }

  document.querySelectorAll("#what-if").forEach(watch);
}
