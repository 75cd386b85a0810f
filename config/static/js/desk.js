// The forms of the desk: choosers that say what they choose, and plain fields where a text is stored as JSON.
// Without scripts the JSON itself is typed.
"use strict";
{
  const LONG = 8;
  const SHORT = 3;
  const SPANS = { now: "Now", quarter: "This quarter", year: "This year" };
  let parts = 0;

  function labelOf(field) {
    return field.labels[0]?.innerText.replace(/:\s*$/, "") || field.getAttribute("aria-label") || "";
  }

  function nameChoosers() {
    for (const box of document.querySelectorAll(".select2-selection[role=combobox]")) {
      const select = box.closest(".select2").previousElementSibling;
      const shown = box.querySelector(".select2-selection__rendered");
      // It names itself by what is chosen, so an empty one would have no name at all.
      box.id ||= `${select.id}-chooser`;
      box.setAttribute("aria-label", labelOf(select));
      box.setAttribute("aria-labelledby", `${box.id} ${shown.id}`);
      shown.removeAttribute("role");
      shown.removeAttribute("aria-readonly");
    }
  }

  // Django heads with nothing the column in which a row of a table says its name, and that of its buttons.
  function nameColumns() {
    for (const head of document.querySelectorAll(".tabular thead th:empty")) {
      const name = head.classList.contains("original") ? "Name" : "Buttons";
      head.append(make("span", { className: "visually-hidden" }, name));
    }
  }

  function make(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  function field(label, value, changed, rows = 0) {
    const id = `part-${++parts}`;
    const input = make(rows ? "textarea" : "input", { id, className: "vTextField", value: value ?? "" });
    if (rows) input.rows = rows;
    input.addEventListener("input", () => changed(input.value));
    return make("div", { className: "part" }, make("label", { htmlFor: id }, label), input);
  }

  function button(label, pressed) {
    const element = make("button", { type: "button", className: "button" }, label);
    element.addEventListener("click", pressed);
    return element;
  }

  function statements(box, held, write, keys) {
    for (const key of new Set([...keys, ...Object.keys(held)])) {
      const changed = (typed) => {
        held[key] = typed;
        if (!typed.trim()) delete held[key];
        write();
      };
      box.append(field(key, held[key], changed, SHORT));
    }
    if (!box.hasChildNodes()) box.append("No key judgements yet; they are added on the form of the profile.");
  }

  function outlook(box, held, write) {
    for (const [span, label] of Object.entries(SPANS)) {
      const changed = (name) => (typed) => {
        held[span] = { headline: "", body: "", ...held[span], [name]: typed };
        if (!held[span].headline && !held[span].body) delete held[span];
        write();
      };
      box.append(
        make(
          "fieldset",
          {},
          make("legend", {}, label),
          field("Headline", held[span]?.headline, changed("headline")),
          field("Text", held[span]?.body, changed("body"), SHORT),
        ),
      );
    }
  }

  function sections(box, held, write) {
    function section(one, place) {
      const number = place + 1;
      const changed = (name) => (typed) => {
        one[name] = typed;
        write();
      };
      const tools = make("div", { className: "part-tools" });
      if (place) {
        const up = () => redraw(() => held.splice(place - 1, 0, ...held.splice(place, 1)));
        tools.append(button(`Move section ${number} up`, up));
      }
      tools.append(button(`Remove section ${number}`, () => redraw(() => held.splice(place, 1))));
      return make(
        "fieldset",
        {},
        make("legend", {}, `Section ${number}`),
        field("Heading", one.heading, changed("heading")),
        field("Text", one.body, changed("body"), LONG),
        tools,
      );
    }

    function draw() {
      const add = () => {
        redraw(() => held.push({ heading: "", body: "" }));
        box.querySelector("fieldset:last-of-type input").focus();
      };
      box.replaceChildren(...held.map(section), button("Add a section", add));
    }

    function redraw(change) {
      change();
      write();
      draw();
      box.lastElementChild.focus(); // what was pressed is gone
    }

    draw();
  }

  function isPlain(value) {
    return value !== null && typeof value === "object" && !Array.isArray(value);
  }

  function read(json, isList) {
    try {
      const held = JSON.parse(json.value || (isList ? "[]" : "{}"));
      return (isList ? Array.isArray(held) && held.every(isPlain) : isPlain(held)) ? held : null;
    } catch {
      return null;
    }
  }

  function replace(json) {
    const shape = { statements, sections, outlook }[json.dataset.shape];
    const held = read(json, shape === sections);
    if (held === null) return; // what cannot be read stays as it was typed, under its error
    const box = make("div", { className: "parts", role: "group", ariaLabel: labelOf(json) });
    shape(box, held, () => (json.value = JSON.stringify(held)), JSON.parse(json.dataset.keys ?? "[]"));
    json.after(box);
    json.hidden = true;
    json.closest(".form-row").querySelector(".help").hidden = true;
  }

  document.querySelectorAll("textarea[data-shape]").forEach(replace);
  nameColumns();
  // The admin makes its choosers when the page is ready, those of a new row when it is there.
  window.addEventListener("load", () => setTimeout(nameChoosers));
  document.addEventListener("formset:added", () => setTimeout(nameChoosers));
}
