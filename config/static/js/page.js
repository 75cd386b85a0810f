// A page is the same for everybody. What is a reader's own, the corner of the header and the member panel, comes apart.
const fetched = async (url, selector) => {
  const response = await fetch(url, { credentials: "same-origin" });
  if (!response.ok) throw new Error(response.status);
  return new DOMParser().parseFromString(await response.text(), "text/html").querySelector(selector);
};

const corner = document.querySelector(".corner[data-src]");
const panel = document.getElementById("deeper");
const isMember = document.cookie.split("; ").includes("assay_member=1");

// The notes stand beside the sources they speak of; one whose source is not shown stays in the panel.
const besideSources = (opened) => {
  for (const note of opened.querySelectorAll("[data-note]"))
    document.querySelector(`[data-citation="${note.dataset.note}"]`)?.append(note);
  const words = opened.querySelector("[data-moved]");
  if (words && !opened.querySelector("[data-note]")) words.hidden = false;
};

let opening;
const open = (focus) => {
  opening ??= fetched(panel.dataset.src, "#deeper").then((opened) => {
    panel.replaceWith(opened);
    besideSources(opened);
  });
  return opening.then(() => focus && document.getElementById("deeper-title").focus());
};

if (isMember && corner)
  fetched(corner.dataset.src, "[data-corner]").then((own) => corner.replaceWith(own), () => {});

if (panel?.dataset.src) {
  const link = panel.querySelector("[data-opens]");
  link?.addEventListener("click", (event) => {
    event.preventDefault();
    open(true).catch(() => location.assign(link.href));
  });
  if (isMember)
    new IntersectionObserver((entries, observer) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      open(false).catch(() => { opening = undefined; });
    }, { rootMargin: "600px" }).observe(panel);
}

// The list answers while one types. What it takes comes when somebody is about to: most readers of a list never search.
const form = document.querySelector("[data-live]");
form?.addEventListener("focusin", async ({ target }) => {
  const before = target.value;
  await import(form.dataset.live);
  // What was typed or pasted meanwhile went by unheard; the library begins to listen in the next turn.
  setTimeout(() => target.value !== before && target.dispatchEvent(new Event("input", { bubbles: true })));
}, { once: true });

// What the browser can do by itself; no other company learns who shares what.
const share = document.querySelector("[data-share]");
if (share) {
  const { title, url, copied, refused } = share.dataset;
  const [copy, send, said] = ["[data-copy]", "[data-send]", "[role=status]"].map((one) => share.querySelector(one));
  copy.hidden = !navigator.clipboard;
  send.hidden = !navigator.share;
  share.hidden = copy.hidden && send.hidden;
  const say = (words) => { said.textContent = words; };
  copy.addEventListener("click", () => navigator.clipboard.writeText(url).then(() => say(copied), () => say(refused)));
  // Whoever closes the list of apps again has not failed at anything.
  send.addEventListener("click", () => navigator.share({ title, url }).catch(() => {}));
}
