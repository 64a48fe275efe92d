// Stage: the chosen source's picture, newest or of a chosen time, and how it does.

import { find, make, setText } from "./make.js";
import { address, fetchPicture, put } from "./pictures.js";
import { duration, size } from "./times.js";
import { gapList } from "./timeline.js";
import { stateWords, titleOf } from "./words.js";

export class Stage {
  /** `onNewest()` leads back from a chosen time; `onGap(gap)` when one was picked from the list. */
  constructor({ onNewest, onGap }) {
    this.onGap = onGap;
    this.picture = find("picture");
    this.caption = find("picture-time");
    this.look_s = null;
    this.latest = null;
    find("newest").addEventListener("click", onNewest);
  }

  /** Another source: `latest` is its newest picture, where one is known. */
  clear(latest = null) {
    this.look_s = null;
    this.latest = latest;
    this.shownTag = null;
    this.picture.hidden = true;
    setText(this.caption, "");
  }

  show(source, base, total_s) {
    const { status } = source;
    Object.assign(this, { name: status.source, base, total_s, source });
    const { tone, text } = stateWords(status);
    setText(find("stage-name"), status.source);
    setText(find("stage-title"), titleOf(status));
    find("stage-state").dataset.tone = tone;
    setText(find("stage-words"), text);
    setText(find("no-picture"), tone === "bad" ? text : "no picture yet");
    this.#counters(status);
    this.#gaps(source.timeline);
    this.#put();
  }

  newest(picture) {
    this.latest = picture;
    this.#put();
  }

  /** Show what was seen at `t_s`; null shows the newest. */
  async look(t_s) {
    this.look_s = t_s;
    find("newest").hidden = t_s === null;
    this.#put();
    if (t_s === null) return;
    const { name } = this;
    const picture = await fetchPicture(address(name, t_s)).catch(() => null);
    if (this.look_s !== t_s || this.name !== name) return;
    this.shownTag = null;
    if (picture) put(this.picture, picture.blob);
    this.picture.hidden = !picture;
    const at = this.base.text(picture?.t_s ?? t_s, { fine: true });
    // The newest one before a gap is not of the time that was asked for.
    const near = picture && t_s - picture.t_s < 2;
    this.#caption(!picture ? `no picture is kept of ${at}` : near ? `at ${at}` : `last seen before, at ${at}`);
  }

  #put() {
    if (this.look_s !== null || !this.latest || !this.base) return;
    if (this.shownTag !== this.latest.tag) {
      put(this.picture, this.latest.blob);
      this.shownTag = this.latest.tag;
    }
    this.picture.hidden = false;
    this.#caption(`newest picture, ${this.base.text(this.latest.t_s)}`);
  }

  #caption(text) {
    setText(this.caption, text);
    this.picture.alt = `${this.name}, ${text}`;
  }

  #counters(status) {
    const { ticks } = status;
    const facts = ticks ? [
      ["Seen", duration(ticks.seen)],
      ["Covered", duration(ticks.covered), "Seconds without a picture of their own, close enough to one"],
      ["Not seen", duration(ticks.gapped)],
      ["Dropped", String(ticks.dropped), "Pictures thrown away because too much waited"],
    ] : [];
    if (ticks?.pending) facts.push([status.kind === "file" ? "To come" : "Waiting", duration(ticks.pending)]);
    if (status.kind !== "file") facts.push(["Reconnects", String(status.reconnects)]);
    if (status.memory_bytes) facts.push(["On disk", size(status.memory_bytes)]);
    const from_s = status.forgotten_before_s;
    if (from_s) facts.push(["Kept from", this.base.text(from_s), "What was before has made room for what is new"]);
    const key = JSON.stringify(facts);
    if (key === this.facts) return;
    this.facts = key;
    find("counters").replaceChildren(...facts.map(([name, value, title]) =>
      make("div", { title }, make("dt", {}, name), make("dd", {}, value))));
  }

  #gaps(timeline) {
    const gaps = timeline?.gaps ?? [];
    find("gaps").hidden = !gaps.length;
    const key = `${this.name} ${this.base.wall} ${gaps.length} ${gaps.at(-1)?.end_s}`;
    if (!gaps.length || key === this.gapsKey) return;
    this.gapsKey = key;
    const lost_s = gaps.reduce((sum, gap) => sum + gap.end_s - gap.start_s, 0);
    const many = gaps.length === 1 ? "1 gap" : `${gaps.length} gaps`;
    setText(find("gaps-summary"), `${many}, ${duration(lost_s)} not seen`);
    // The newest hundred: a list of thousands helps nobody, and the timeline has them all.
    const newest = { gaps: gaps.slice(-100).reverse() };
    find("gap-list").replaceChildren(...gapList(newest, this.base, this.onGap));
  }
}
