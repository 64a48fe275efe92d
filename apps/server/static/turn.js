// Turn: one question and its answer, as they come.

import { make, setText } from "./make.js";
import { momentTimes } from "./times.js";
import { errorWords, exactnessShort, exactnessWords, finishWords, reasonWords } from "./words.js";

export class Turn {
  /** `about` is its range in words; `onMoment(turn, moment)` and `onAgain(turn)` are buttons. */
  constructor({ source, question, range, about, baseNow, onMoment, onAgain }) {
    Object.assign(this, { source, question, range, baseNow, onMoment, onAgain });
    this.response_id = null;
    this.moments = [];
    this.state = "asked";
    this.text = make("span");
    // Held back until it is whole: read out piece by piece it could not be followed.
    this.answer = make("p", { class: "answer", "aria-live": "polite", "aria-busy": "true" }, this.text);
    this.strip = make("ul", { class: "moments", "aria-label": "The moments that this rests on" });
    this.notes = make("div", { class: "notes" });
    this.element = make("li", { class: "turn", "data-state": "asked" },
      make("div", { class: "asked" },
        make("p", { class: "question" }, make("span", { class: "unseen" }, "You asked: "), question),
        make("p", { class: "about" }, about)),
      this.answer, this.strip, this.notes);
  }

  /** How its times are told; of a young live source that is known only after the question. */
  get base() {
    return this.baseNow();
  }

  get isOver() {
    return this.state === "over";
  }

  created(response_id) {
    this.response_id = response_id;
  }

  append(delta) {
    this.#become("writing");
    this.text.append(delta);
  }

  setText(text) {
    setText(this.text, text);
  }

  addMoment({ t_start, t_end, url, score, wall_s }) {
    const moment = { t_s: t_start, end_s: t_end, url, score, wall_s, best: !this.moments.length };
    this.moments.push(moment);
    this.moments.sort((a, b) => a.t_s - b.t_s);
    const picture = make("img", { src: url, alt: "", width: 120, height: 80, decoding: "async" });
    const button = make("button", {
      type: "button", class: "moment", onclick: () => this.onMoment(this, moment),
    }, picture, make("span", { class: "when" }), moment.best && make("span", { class: "best" }, "best"));
    picture.addEventListener("error", () => picture.replaceWith(make("span", { class: "missing" }, "not kept")));
    const place = this.moments.indexOf(moment);
    this.strip.insertBefore(make("li", {}, button), this.strip.children[place] ?? null);
    this.#tellTimes();
  }

  /** When `moment` was, in all words there are for it. */
  timeOf(moment) {
    return this.#times({ fine: true })[this.moments.indexOf(moment)].long;
  }

  #times(options) {
    return momentTimes(this.moments, this.base, { coverage: this.coverage, ...options });
  }

  /** One more moment, or the range, may give all of them a date. */
  #tellTimes() {
    this.#times().forEach(({ short, long }, place) => {
      const button = this.strip.children[place].firstElementChild;
      setText(button.querySelector(".when"), short);
      const best = this.moments[place].best ? ", the best match" : "";
      button.setAttribute("aria-label", `The moment at ${long}${best}`);
    });
  }

  /** Its last message came. */
  finish(done) {
    this.coverage = done.coverage;
    this.#tellTimes();
    this.#end();
    if (done.status === "failed") return;
    const note = finishWords(done.finish);
    if (note) this.notes.append(make("p", { class: "cut" }, note));
    if (done.coverage) this.notes.append(howMade(done, this.base));
  }

  /** It cannot be answered: `error` is the server's message. */
  fail(error) {
    const [what, remedy] = errorWords(error);
    this.failInWords(what, remedy, error.retryable);
  }

  failInWords(what, remedy, again = true) {
    if (this.failed) return; // the first says why
    this.failed = true;
    this.#end();
    this.notes.append(make("div", { class: "problem", role: "alert" },
      make("p", {}, make("strong", {}, what), ` ${remedy}`),
      again && make("button", { type: "button", class: "quiet", onclick: () => this.onAgain(this) }, "Ask again")));
  }

  #end() {
    this.#become("over");
    this.answer.setAttribute("aria-busy", "false");
    this.answer.hidden = !this.text.textContent;
    this.strip.hidden = !this.moments.length;
  }

  #become(state) {
    this.state = state;
    this.element.dataset.state = state;
  }
}

/** A quiet line on how an answer came about, and all of it on demand. */
function howMade({ coverage, exactness, timings, usage, language_model }, base) {
  const seconds = (value) => (value == null ? "" : `${value.toFixed(value < 10 ? 1 : 0)} s`);
  const [seen] = coverage.text.split(";"); // gaps follow: they are told below, by the source's clock
  const line = [seen, exactnessShort(exactness), seconds(timings?.total_s)];
  const facts = exactnessWords(exactness).map((text) => make("li", {}, text));
  for (const { start_s, end_s, reason } of coverage.blind.slice(0, 5)) {
    facts.push(make("li", {}, `Not seen from ${base.text(start_s)} to ${base.text(end_s)}: ${reasonWords(reason)}.`));
  }
  if (timings && exactness.length) {
    facts.push(make("li", {}, `The first word came after ${seconds(timings.first_text_s)}, the last after `
      + `${seconds(timings.total_s)}${usage?.context_reused ? "; what was seen had been read before" : ""}.`));
  }
  if (language_model) facts.push(make("li", {}, `Written by ${language_model}. It guesses from pictures and is often wrong: look at the moments.`));
  return make("details", { class: "made" },
    make("summary", {}, line.filter(Boolean).join(" · ")),
    make("ul", {}, ...facts));
}
