// Asking: the question box, and each source's conversation above it.

import { find, make, setText } from "./make.js";
import { asked } from "./span.js";
import { Turn } from "./turn.js";

export class Asking {
  /** `about()` gives `{source, range, words, baseNow}` of what is chosen; `onMoment(turn, moment)`. */
  constructor({ connection, about, onMoment }) {
    Object.assign(this, { connection, about, onMoment });
    this.talks = new Map();
    this.waiting = new Map(); // event id -> turn
    this.running = new Map(); // response id -> turn
    this.field = find("question");
    this.box = find("talk-scroll");
    this.form = find("ask");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.current) this.ask(this.field.value.trim());
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.form.requestSubmit();
    });
    this.field.addEventListener("input", () => this.#grow());
    find("stop").addEventListener("click", () => this.stop());
    find("anew").addEventListener("click", () => this.#anew());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !document.querySelector("dialog[open]")) this.stop();
    });
  }

  /** The turn of the chosen source that is still being answered. */
  get current() {
    const talk = this.talks.get(this.about().source);
    return talk?.turns.findLast((turn) => !turn.isOver);
  }

  /** Show the chosen source's conversation. */
  show() {
    const { source } = this.about();
    const talk = source ? this.#talk(source) : null;
    find("log").replaceChildren(...(talk ? [talk.list] : []));
    this.#update();
    this.box.scrollTop = this.box.scrollHeight;
  }

  /** Put `question` about what is chosen. */
  ask(question) {
    const { source, range, words, baseNow } = this.about();
    const problem = !source ? "There is no source to ask about."
      : !question ? "Write a question first."
      : !this.connection.isOpen ? "Not connected. Your question is kept; ask it once the server is back." : "";
    setText(find("ask-problem"), problem);
    if (problem) return;
    const talk = this.#talk(source);
    const turn = new Turn({
      source, question, range, baseNow, about: `about ${words}`,
      onMoment: this.onMoment, onAgain: (failed) => this.ask(failed.question),
    });
    talk.turns.push(turn);
    talk.list.append(turn.element);
    this.#send(turn, talk.fresh);
    talk.fresh = false;
    this.field.value = "";
    this.#grow();
    this.#update();
    this.#follow(true);
  }

  /** Stop the answer about the chosen source. */
  stop() {
    const { current } = this;
    if (!current?.response_id) return;
    this.connection.send({ type: "response.cancel", response_id: current.response_id });
    setText(find("announce"), "Stopping");
  }

  /** Take a message about an answer; whether it was one. */
  take(message) {
    const turn = this.running.get(message.response_id) ?? this.waiting.get(message.event_id);
    if (!turn) return false;
    const near = this.#atEnd();
    switch (message.type) {
      case "conversation.item.created": break;
      case "response.created":
        turn.created(message.response_id);
        this.running.set(message.response_id, turn);
        break;
      case "response.output_text.delta": turn.append(message.delta); break;
      case "response.output_text.done": turn.setText(message.text); break;
      case "response.output_text.annotation.added": turn.addMoment(message); break;
      case "response.done":
        turn.finish(message);
        this.#forget(turn);
        break;
      case "error":
        turn.fail(message);
        if (!message.response_id) this.#forget(turn);
        break;
      default: return false;
    }
    this.#update();
    this.#follow(near);
    return true;
  }

  /** The connection is gone: what was being answered is lost, and so is what the model knew. */
  lost() {
    for (const turn of new Set([...this.waiting.values(), ...this.running.values()])) {
      turn.failInWords("The connection was lost before the answer ended.", "");
    }
    this.waiting.clear();
    this.running.clear();
    for (const talk of this.talks.values()) {
      this.#divide(talk, "The connection was lost here: earlier questions are not remembered any more.");
    }
    this.#update();
  }

  forget(source) {
    this.talks.delete(source);
  }

  #send(turn, fresh) {
    const content = [{ type: "input_text", text: turn.question }];
    const item = { type: "message", role: "user", content };
    this.waiting.set(this.connection.send({ type: "conversation.item.create", item }), turn);
    const conversation = fresh ? "new" : "auto";
    const response = { type: "response.create", source: turn.source, conversation, ...asked(turn.range) };
    this.waiting.set(this.connection.send(response), turn);
  }

  #forget(turn) {
    this.running.delete(turn.response_id);
    for (const [event_id, one] of this.waiting) if (one === turn) this.waiting.delete(event_id);
  }

  #talk(source) {
    if (!this.talks.has(source)) {
      const list = make("ol", { class: "turns", "aria-label": `Questions about ${source}` });
      this.talks.set(source, { list, turns: [], fresh: false });
    }
    return this.talks.get(source);
  }

  #anew() {
    const talk = this.talks.get(this.about().source);
    if (!talk || this.current) return;
    talk.fresh = true;
    this.#divide(talk, "A new conversation begins here.");
    this.#follow(true);
    this.field.focus();
    this.#update();
  }

  #divide(talk, text) {
    const last = talk.list.lastElementChild;
    if (last?.classList.contains("turn")) talk.list.append(make("li", { class: "divider" }, text));
  }

  #update() {
    const { source } = this.about();
    const talk = this.talks.get(source);
    const { current } = this;
    find("send").hidden = Boolean(current);
    find("stop").hidden = !current;
    find("anew").disabled = !talk?.turns.length || Boolean(current) || talk.fresh;
    find("nothing-asked").hidden = Boolean(talk?.list.childElementCount);
  }

  #grow() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, 160)}px`;
  }

  #atEnd() {
    return this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 80;
  }

  /** Keep the newest words in sight of who looks at them, and leave who reads above alone. */
  #follow(wanted) {
    if (!wanted) return;
    const inside = getComputedStyle(this.box).overflowY !== "visible";
    if (inside) this.box.scrollTop = this.box.scrollHeight;
    else this.talks.get(this.about().source)?.turns.at(-1)?.element.scrollIntoView({ block: "nearest" });
  }
}
