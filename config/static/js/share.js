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
