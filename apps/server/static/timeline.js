// Timeline: what of a source was seen; a range is dragged on it, or moved with the keyboard.

import { draw } from "./drawing.js";
import { Hint } from "./hint.js";
import { find, make } from "./make.js";
import { address } from "./pictures.js";
import { at, between, chosen, showing, shown, zoomed, moved } from "./span.js";
import { TimeBase, duration } from "./times.js";
import { reasonWords } from "./words.js";

const DRAG_PX = 4;
const EMPTY = { length_s: 0, seen: [], pending: [], gaps: [], previews_s: [], started_wall_s: null };

export class Timeline {
  /** `onRange(range)` when one was chosen, `onLook(t_s)` when a time was clicked, null to end that. */
  constructor({ onRange, onLook }) {
    this.onRange = onRange;
    this.onLook = onLook;
    this.box = find("timeline");
    this.canvas = this.box.querySelector("canvas");
    this.handles = [...this.box.querySelectorAll("[role=slider]")];
    this.hint = new Hint(this.box, find("hint"));
    this.show({ name: null, timeline: null, expected_s: 0, live: false, range: null });
    this.#listen();
  }

  get total_s() {
    const { timeline, expected_s } = this;
    const end_s = timeline.seen.at(-1)?.[1] ?? 0;
    return Math.max(timeline.length_s, expected_s, end_s, 1);
  }

  get window() {
    return shown(this.view, this.total_s);
  }

  /** Show a source's timeline; another source's is shown whole. */
  show({ name, timeline, expected_s, live, range }) {
    if (name !== this.name) [this.view, this.look_s] = [null, null];
    this.name = name;
    this.timeline = timeline ?? EMPTY;
    this.expected_s = expected_s ?? 0;
    this.base = new TimeBase(live ? this.timeline.started_wall_s : null);
    this.range = range;
    this.redraw();
  }

  setRange(range) {
    this.range = range;
    this.redraw();
  }

  setLook(t_s) {
    this.look_s = t_s;
    if (t_s !== null) this.view = showing(this.view, this.total_s, t_s);
    this.redraw();
  }

  setView(view) {
    this.view = view;
    this.redraw();
  }

  zoom(factor) {
    const [from, to] = this.window;
    const [start, end] = chosen(this.range, this.total_s);
    const middle = this.range ? (start + end) / 2 : this.look_s ?? (from + to) / 2;
    this.setView(zoomed(this.view, this.total_s, factor, Math.min(Math.max(middle, from), to)));
  }

  /** In words, what stands at a time. */
  words(t_s) {
    const { kind, reason } = at(this.timeline, Math.min(t_s, this.total_s - 0.001));
    return {
      seen: "seen",
      gap: `not seen: ${reasonWords(reason)}`,
      preview: "a first look only",
      pending: "not watched yet",
      none: "",
    }[kind];
  }

  redraw() {
    cancelAnimationFrame(this.drawn);
    this.drawn = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    const [from_s, to_s] = this.window;
    const [start_s, end_s] = chosen(this.range, this.total_s);
    const { timeline, base, look_s } = this;
    draw(this.canvas, { timeline, base, look_s, from_s, to_s, start_s, end_s, chosen: this.range });
    this.#place(this.handles[0], start_s, [0, end_s]);
    this.#place(this.handles[1], end_s, [start_s, this.total_s]);
    for (const entry of document.querySelectorAll(".legend [data-kind]")) {
      entry.hidden = !timeline[entry.dataset.kind].length;
    }
    const zoomedIn = Boolean(this.view);
    find("zoom-all").disabled = find("zoom-out").disabled = !zoomedIn;
    const thumb = find("overview").firstElementChild;
    find("overview").classList.toggle("idle", !zoomedIn);
    thumb.style.left = `${(100 * from_s) / this.total_s}%`;
    thumb.style.width = `${(100 * (to_s - from_s)) / this.total_s}%`;
  }

  #place(handle, t_s, [low, high]) {
    const [from, to] = this.window;
    const place = (100 * (t_s - from)) / (to - from || 1);
    handle.style.left = `${Math.min(Math.max(place, 0), 100)}%`;
    handle.classList.toggle("away", place < 0 || place > 100);
    handle.setAttribute("aria-valuemin", Math.floor(low));
    handle.setAttribute("aria-valuemax", Math.ceil(high));
    handle.setAttribute("aria-valuenow", Math.round(t_s));
    const words = this.words(t_s);
    handle.setAttribute("aria-valuetext", `${this.base.text(t_s)}${words ? `, ${words}` : ""}`);
  }

  #listen() {
    new ResizeObserver(() => this.redraw()).observe(this.box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
    this.box.addEventListener("pointerdown", (event) => this.#press(event));
    this.box.addEventListener("pointermove", (event) => this.#hover(event));
    this.box.addEventListener("pointerleave", () => this.hint.hide());
    this.box.addEventListener("dblclick", () => this.#choose(null, { look: true }));
    this.box.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.handles.forEach((handle, which) => {
      handle.addEventListener("keydown", (event) => this.#key(event, which));
    });
    find("zoom-in").addEventListener("click", () => this.zoom(0.5));
    find("zoom-out").addEventListener("click", () => this.zoom(2));
    find("zoom-all").addEventListener("click", () => this.setView(null));
    find("overview").addEventListener("pointerdown", (event) => this.#pan(event));
  }

  #time(event) {
    const bounds = this.canvas.getBoundingClientRect();
    const [from, to] = this.window;
    const place = (event.clientX - bounds.left) / bounds.width;
    return from + Math.min(Math.max(place, 0), 1) * (to - from);
  }

  #choose(range, { look = false } = {}) {
    this.range = range;
    if (look) this.onLook(null);
    this.onRange(range);
    this.redraw();
  }

  #press(event) {
    if (event.button !== 0 || !this.name) return;
    const which = this.handles.indexOf(event.target);
    const [start, end] = chosen(this.range, this.total_s);
    const fixed_s = which === 0 ? end : which === 1 ? start : this.#time(event);
    let moving = false;
    const move = (next) => {
      moving ||= Math.abs(next.clientX - event.clientX) > DRAG_PX;
      if (moving) this.#choose(between(fixed_s, this.#time(next), this.total_s));
    };
    const end_ = (last) => {
      controller.abort();
      if (last.pointerType !== "mouse") this.hint.hide();
      if (last.type === "pointerup" && !moving && which < 0) this.onLook(this.#time(last));
    };
    const controller = new AbortController();
    const { signal } = controller;
    this.box.setPointerCapture(event.pointerId);
    this.box.addEventListener("pointermove", move, { signal });
    this.box.addEventListener("pointerup", end_, { signal });
    this.box.addEventListener("pointercancel", end_, { signal });
  }

  #hover(event) {
    if (!this.name || !this.timeline.length_s) return;
    const t_s = this.#time(event);
    const words = [this.base.text(t_s), this.words(t_s)].filter(Boolean).join(" · ");
    const { kind } = at(this.timeline, t_s);
    const isShown = kind === "seen" || kind === "preview";
    this.hint.show(words, event.clientX, isShown ? address(this.name, t_s.toFixed(1)) : null);
  }

  #wheel(event) {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!event.ctrlKey && !sideways) return; // the page scrolls
    event.preventDefault();
    const [from, to] = this.window;
    const view = event.ctrlKey
      ? zoomed(this.view, this.total_s, Math.exp(event.deltaY / 200), this.#time(event))
      : moved(this.view, this.total_s, (event.deltaX / this.box.clientWidth) * (to - from));
    this.setView(view);
  }

  #key(event, which) {
    const [from, to] = this.window;
    const step = Math.max(1, Math.round((to - from) / 100));
    const steps = {
      ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step,
      PageDown: -10 * step, PageUp: 10 * step, Home: -1e12, End: 1e12,
    };
    if (event.key === "Escape" && (this.range || this.look_s !== null)) {
      this.#choose(null, { look: true });
      event.stopPropagation(); // it was for the range, not for an answer
    } else if (event.key === "+" || event.key === "=") this.zoom(0.5);
    else if (event.key === "-") this.zoom(2);
    else if (event.key === "0") this.setView(null);
    else if (event.key in steps) {
      const ends = chosen(this.range, this.total_s);
      const by = event.shiftKey ? 10 * steps[event.key] : steps[event.key];
      const [low, high] = which === 0 ? [0, Math.max(ends[1] - 1, 0)] : [ends[0] + 1, this.total_s];
      ends[which] = Math.min(Math.max(ends[which] + by, low), high);
      this.view = showing(this.view, this.total_s, ends[which]);
      this.#choose(between(ends[0], ends[1], this.total_s));
    } else return;
    event.preventDefault();
  }

  #pan(event) {
    const track = find("overview");
    const move = ({ clientX }) => {
      const bounds = track.getBoundingClientRect();
      const middle = ((clientX - bounds.left) / bounds.width) * this.total_s;
      const [from, to] = this.window;
      this.setView(moved(this.view, this.total_s, middle - (from + to) / 2));
    };
    const controller = new AbortController();
    track.setPointerCapture(event.pointerId);
    track.addEventListener("pointermove", move, { signal: controller.signal });
    track.addEventListener("pointerup", () => controller.abort(), { signal: controller.signal });
    track.addEventListener("pointercancel", () => controller.abort(), { signal: controller.signal });
    move(event);
  }
}

/** The stretches that were not seen, as a list of buttons that lead there. */
export function gapList(timeline, base, onPick) {
  return timeline.gaps.map((gap) => {
    const text = `${base.text(gap.start_s)} – ${base.text(gap.end_s)}`;
    const long = duration(gap.end_s - gap.start_s);
    return make("li", {}, make("button", { type: "button", class: "quiet", onclick: () => onPick(gap) },
      `${text} · ${long} · ${reasonWords(gap.reason)}`));
  });
}
