// Timelines: reads what of the chosen source was seen, again and again while that changes.

const LEAST_MS = 2000;
const PATIENCE = 20; // a timeline that takes long to read is read the more seldom

export class Timelines {
  /** `wanted()` names the source that is looked at; `onTimeline(name, timeline)`. */
  constructor({ wanted, isActive, onTimeline }) {
    Object.assign(this, { wanted, isActive, onTimeline });
    this.due = new Map(); // name -> when to read it next, in ms
    this.busy = false;
    setInterval(() => this.look(), 500);
  }

  /** Read it anew, soon. */
  forget(name) {
    this.due.delete(name);
  }

  async look() {
    const name = this.wanted();
    const now = performance.now();
    if (!name || this.busy || document.hidden || now < (this.due.get(name) ?? 0)) return;
    this.busy = true;
    let wait_ms = LEAST_MS;
    try {
      const answer = await fetch(`timeline/${encodeURIComponent(name)}`, { signal: AbortSignal.timeout(20_000) });
      if (answer.ok) this.onTimeline(name, await answer.json());
      wait_ms = Math.max(LEAST_MS, PATIENCE * (performance.now() - now));
      if (answer.ok && !this.isActive(name)) wait_ms = Infinity;
    } catch {
      // The connection's own line says that the server is away.
    } finally {
      this.due.set(name, performance.now() + wait_ms);
      this.busy = false;
    }
  }
}
