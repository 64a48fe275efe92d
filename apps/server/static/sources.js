// Sources: a card for each, with its newest picture and how it does.

import { find, make, setText } from "./make.js";
import { countWords, stateWords, titleOf } from "./words.js";

export class Sources {
  /** `onChoose(name)` when a card is pressed. */
  constructor(onChoose) {
    this.onChoose = onChoose;
    this.cards = new Map();
    this.list = find("sources");
    this.seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) target.dataset.seen = isIntersecting;
    });
  }

  /** The card's picture element. */
  picture(name) {
    return this.cards.get(name)?.picture;
  }

  isSeen(name) {
    return this.cards.get(name)?.item.dataset.seen === "true";
  }

  show(status) {
    const card = this.cards.get(status.source) ?? this.#add(status.source);
    const { tone, text } = stateWords(status);
    card.button.dataset.tone = tone;
    setText(card.title, titleOf(status));
    setText(card.state, text);
    setText(card.counts, countWords(status));
    const { ticks } = status;
    const part = ticks?.expected ? (ticks.expected - ticks.pending) / ticks.expected : 0;
    card.bar.hidden = status.kind !== "file" || status.state !== "seeing";
    card.bar.firstElementChild.style.width = `${100 * part}%`;
  }

  choose(name) {
    for (const [other, { button }] of this.cards) {
      button.setAttribute("aria-current", String(other === name));
    }
    const { matches } = matchMedia("(prefers-reduced-motion: reduce)");
    this.cards.get(name)?.item.scrollIntoView({ block: "nearest", inline: "nearest", behavior: matches ? "auto" : "smooth" });
  }

  remove(name) {
    const card = this.cards.get(name);
    if (!card) return;
    this.seen.unobserve(card.item);
    card.item.remove();
    this.cards.delete(name);
  }

  #add(name) {
    const picture = make("img", { alt: "", hidden: true });
    const [title, state, counts] = ["title", "words", "counts"].map((kind) => make("span", { class: kind }));
    const bar = make("span", { class: "bar", hidden: true }, make("i"));
    const button = make("button", { type: "button", class: "card", "aria-current": "false", onclick: () => this.onChoose(name) },
      make("span", { class: "thumb" }, picture),
      make("span", { class: "about-source" },
        make("span", { class: "name" }, name), title,
        make("span", { class: "state" }, make("i", { class: "dot" }), state), counts, bar));
    const item = make("li", {}, button);
    this.list.append(item);
    this.seen.observe(item);
    const card = { item, button, picture, title, state, counts, bar };
    this.cards.set(name, card);
    return card;
  }
}
