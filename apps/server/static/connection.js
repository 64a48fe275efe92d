// Connection: one websocket that comes back by itself, and what to say while it is gone.

const BACK_OFF_S = [1, 2, 5, 10, 20, 30];

/** Seconds before try number `tries` (from 0), up to 20 % more or less; `random` is in [0, 1). */
export function backOff(tries, random) {
  const base = BACK_OFF_S[Math.min(tries, BACK_OFF_S.length - 1)];
  return base * (0.8 + 0.4 * random);
}

const CLOSED = {
  1001: "The server was shut down.",
  1008: "The server closed: this page sent too much.",
  1009: "The server closed: a picture was too large.",
  1011: "The server failed.",
  1013: "The server closed: this page could not keep up.",
};

export class Connection {
  /** `onState({name, text, retry_at_ms})`: connecting, open, waiting or login. */
  constructor({ onState, onMessage }) {
    this.onState = onState;
    this.onMessage = onMessage;
    this.tries = 0;
    this.count = 0;
    this.socket = null;
    this.timer = null;
    this.farewell = "";
    for (const event of ["online", "visibilitychange"]) {
      (event === "online" ? window : document).addEventListener(event, () => {
        if (this.timer && !document.hidden) this.open();
      });
    }
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  /** Connect now. */
  async open() {
    clearTimeout(this.timer);
    this.timer = null;
    if (this.socket || this.opening) return;
    this.opening = true;
    this.#say("connecting", "Connecting");
    try {
      const { needed, welcome } = await login();
      if (needed && !welcome) this.#say("login", "This server asks for its token");
      else this.#connect();
    } catch {
      this.#wait(this.farewell || "The server cannot be reached.");
    } finally {
      this.opening = false;
    }
  }

  /** Send a message, its `event_id` made here; returns that, or null where nobody is there. */
  send(message) {
    if (!this.isOpen) return null;
    const event_id = `e${++this.count}`;
    this.socket.send(JSON.stringify({ ...message, event_id }));
    return event_id;
  }

  /** Send a picture right behind its header; returns the header's `event_id`, or null. */
  sendPicture(header, blob) {
    const event_id = this.send({ ...header, type: "input_video_frame.append", size_bytes: blob.size });
    if (event_id) this.socket.send(blob);
    return event_id;
  }

  #connect() {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
    this.socket = socket;
    let welcomed = false;
    socket.addEventListener("message", ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === "session.created") {
        [welcomed, this.tries, this.farewell] = [true, 0, ""];
        this.#say("open", "Connected");
      }
      if (message.type === "session.going_away") {
        this.farewell = "The server is shutting down; what was watched is kept.";
        this.#say("leaving", this.farewell);
      }
      this.onMessage(message);
    });
    socket.addEventListener("close", ({ code }) => {
      this.socket = null;
      const unseen = "The server is there but takes no further viewer.";
      this.#wait(this.farewell || CLOSED[code] || (welcomed ? "The connection was lost." : unseen));
    });
  }

  #wait(text) {
    const delay_ms = backOff(this.tries++, Math.random()) * 1000;
    this.timer = setTimeout(() => this.open(), delay_ms);
    this.#say("waiting", text, Date.now() + delay_ms);
  }

  #say(name, text, retry_at_ms = null) {
    this.onState({ name, text, retry_at_ms });
  }
}

/** Whether a token is needed, and known already. Rejects where the server is not there. */
async function login() {
  const answer = await fetch("login", { cache: "no-store", signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`login answered ${answer.status}`);
  return answer.json();
}
