// Range: the chosen part of a source as text, to read and to type.

import { find, make, setText } from "./make.js";
import { between, chosen } from "./span.js";

const LAST = [["last minute", 60], ["last 10 min", 600], ["last hour", 3600], ["last 24 h", 86400]];

export class RangeFields {
  /** `onRange(range)` when another was typed or picked. */
  constructor(onRange) {
    this.onRange = onRange;
    this.from = find("from");
    this.to = find("to");
    this.problem = find("range-problem");
    for (const field of [this.from, this.to]) {
      field.addEventListener("change", () => this.#typed());
      field.addEventListener("keydown", (event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        this.onRange(null);
      });
    }
    find("range-clear").addEventListener("click", () => this.onRange(null));
  }

  /** Show `range` of a source of `total_s`, in the words of `base`. */
  show(range, total_s, base, live) {
    Object.assign(this, { total_s, base });
    const [start, end] = chosen(range, total_s);
    this.from.parentElement.classList.toggle("wall", base.wall);
    const open = !range || range.last_s !== undefined || range.end_s === null;
    this.#fill(this.from, base.text(start, { fine: true }));
    this.#fill(this.to, live && open ? "now" : base.text(end, { fine: true }));
    this.from.parentElement.classList.toggle("dated", base.wall && this.from.value.length > 8);
    this.problem.textContent = "";
    find("range-clear").disabled = !range;
    this.#presets(range, live);
  }

  #fill(field, text) {
    if (document.activeElement !== field) field.value = text;
    field.removeAttribute("aria-invalid");
  }

  #presets(range, live) {
    const wanted = live ? LAST.filter(([, last_s], at) => !at || last_s < this.total_s) : [];
    const box = find("presets");
    const key = JSON.stringify([range?.last_s, wanted]);
    if (box.dataset.key === key) return;
    box.dataset.key = key;
    box.replaceChildren(...wanted.map(([text, last_s]) => make("button", {
      type: "button", class: "chip", "aria-pressed": String(range?.last_s === last_s),
      onclick: () => this.onRange(range?.last_s === last_s ? null : { last_s }),
    }, text)));
  }

  #typed() {
    const { base, total_s } = this;
    const start = this.from.value.trim() ? base.parse(this.from.value, total_s) : 0;
    const isOpen = ["", "now", "end"].includes(this.to.value.trim().toLowerCase());
    const end = isOpen ? total_s : base.parse(this.to.value, total_s);
    this.from.setAttribute("aria-invalid", String(start === null));
    this.to.setAttribute("aria-invalid", String(end === null));
    const form = base.wall ? "14:02 or 14:02:30" : "1:30 or 90";
    let problem = "";
    if (start === null || end === null) problem = `Write a time such as ${form}.`;
    else if (start >= end) problem = "The start lies behind the end.";
    else if (start >= total_s) problem = `There is nothing after ${base.text(total_s)}.`;
    setText(this.problem, problem);
    if (!problem) this.onRange(between(start, end, total_s));
  }
}

/** A range in words. */
export function rangeWords(range, total_s, base, live) {
  if (!range) return live ? "all of it, until now" : "all of it";
  if (range.last_s !== undefined) {
    return LAST.find(([, last_s]) => last_s === range.last_s)?.[0] ?? `last ${range.last_s} s`;
  }
  const [start, end] = chosen(range, total_s);
  const to = live && range.end_s === null ? "now" : base.text(end, { fine: true });
  return `${base.text(start, { fine: true })} – ${to}`;
}
