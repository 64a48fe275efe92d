// Hint: what stands at the time under the pointer, with its picture.

import { setText } from "./make.js";

export class Hint {
  constructor(box, element) {
    this.box = box;
    this.element = element;
    [this.picture, this.text] = element.children;
    this.picture.hidden = true;
    this.loading = false;
    this.picture.addEventListener("load", () => this.#loaded(true));
    this.picture.addEventListener("error", () => this.#loaded(false));
  }

  /** Show `text` over `x_px` of the window, and the picture at `url` once it is there. */
  show(text, x_px, url) {
    this.element.hidden = false;
    setText(this.text, text);
    this.url = url;
    if (url) this.#load();
    else this.picture.hidden = true;
    const bounds = this.box.getBoundingClientRect();
    const half = this.element.offsetWidth / 2;
    const left = Math.min(Math.max(x_px - bounds.left, half), bounds.width - half);
    this.element.style.left = `${left}px`;
  }

  hide() {
    this.element.hidden = true;
    this.url = null;
  }

  /** One picture at a time: a pointer passes hundreds. */
  #load() {
    if (this.loading || !this.url || this.url === this.loaded) return;
    this.loading = true;
    this.loaded = this.url;
    this.picture.src = this.url;
  }

  #loaded(isThere) {
    this.loading = false;
    this.picture.hidden = !isThere || !this.url;
    this.#load();
  }
}
