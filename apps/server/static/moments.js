// Moments: stills looked at in a dialog, one after the other.

import { find, setText } from "./make.js";

const AROUND_S = 5;

export class Moments {
  /** `onAsk(source, start_s, end_s)`, `onShow(source, t_s)`: what its buttons do. */
  constructor({ onAsk, onShow }) {
    this.dialog = find("moment");
    this.picture = find("moment-picture");
    const close = (then) => () => {
      const { t_s } = this.moment;
      this.dialog.close();
      then(this.turn.source, t_s);
    };
    find("moment-before").addEventListener("click", () => this.#step(-1));
    find("moment-after").addEventListener("click", () => this.#step(1));
    find("moment-ask").addEventListener("click", close((source, t_s) =>
      onAsk(source, Math.max(0, t_s - AROUND_S), t_s + AROUND_S)));
    find("moment-show").addEventListener("click", close(onShow));
    find("moment-close").addEventListener("click", () => this.dialog.close());
    this.picture.addEventListener("error", () => this.dialog.classList.add("missing"));
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close(); // beside it
    });
    this.dialog.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft") this.#step(-1);
      if (event.key === "ArrowRight") this.#step(1);
    });
  }

  open(turn, moment) {
    this.turn = turn;
    this.#show(moment);
    this.dialog.showModal();
  }

  #step(by) {
    const { moments } = this.turn;
    const next = moments[moments.indexOf(this.moment) + by];
    if (next) this.#show(next);
  }

  #show(moment) {
    const { moments, question, source } = this.turn;
    const place = moments.indexOf(moment);
    const at = this.turn.timeOf(moment);
    this.moment = moment;
    this.dialog.classList.remove("missing");
    this.picture.src = moment.url;
    this.picture.alt = `What ${source} showed at ${at}`;
    setText(find("moment-time"), `${source} at ${at}`);
    setText(find("moment-place"), [
      `moment ${place + 1} of ${moments.length}`, moment.best && "the best match",
      `likeness ${moment.score.toFixed(2)}`,
    ].filter(Boolean).join(" · "));
    setText(find("moment-question"), question);
    const focused = document.activeElement;
    find("moment-before").disabled = place === 0;
    find("moment-after").disabled = place === moments.length - 1;
    if (focused?.disabled) this.dialog.querySelector(".steps button:not(:disabled)")?.focus();
  }
}
