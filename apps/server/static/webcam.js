// Webcam: sends this browser's camera to the server, a picture a second.
//
// The source's name bears the start of a random id that this browser keeps: so it goes on with its own
// recording another day, and nobody else's pictures come into that.

import { find, setText } from "./make.js";

const EVERY_MS = 1000;
const ID_KEY = "streamvid.browser";
const ID_SHOWN = 8;
const MOST_TABS = 99;
const MOST_TRIES = 5;
const LONGEST_PX = 1280;
const QUALITIES = [0.85, 0.7, 0.5, 0.3];

const NO_CAMERA = {
  NotAllowedError: "The camera was refused. Allow it for this page in the browser's settings, then try again.",
  NotFoundError: "This device has no camera.",
  NotReadableError: "The camera is used by another program. Close that, then try again.",
};
const NOT_SAFE = "A browser gives its camera to https pages and to this machine's own address alone. "
  + "Open the page as https://… (start the server with --tls-cert and --tls-key) or as http://localhost.";
const REFUSED = {
  not_allowed: "This server takes no pictures from browsers. Start it with --allow-source push: to let it.",
  too_many_sources: "The server watches as many sources as it may. Have one removed first.",
};

export class Webcam {
  /** `onAdded(name)` once the server watches it. */
  constructor({ connection, onAdded }) {
    Object.assign(this, { connection, onAdded });
    this.video = find("camera-video");
    this.canvas = document.createElement("canvas");
    this.name = null;
    this.limits = { picture_bytes: 1 << 21 };
    find("camera-start").addEventListener("click", () => this.start());
    find("camera-stop").addEventListener("click", () => {
      this.stop();
      this.#say("The camera was stopped. What it showed stays remembered on the server.", "good");
    });
    addEventListener("pagehide", () => this.#end());
  }

  async start() {
    this.#say("");
    if (this.stream) return;
    if (!navigator.mediaDevices?.getUserMedia) {
      this.#say(NOT_SAFE, "bad");
      return;
    }
    find("camera-start").disabled = true;
    try {
      const video = { width: { ideal: LONGEST_PX }, facingMode: { ideal: "environment" } };
      this.stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
    } catch (error) {
      this.#say(NO_CAMERA[error.name] ?? `The camera cannot be used: ${error.message}`, "bad");
      return;
    } finally {
      find("camera-start").disabled = false;
    }
    this.stream.getVideoTracks()[0].addEventListener("ended", () => this.stop("The camera was taken away."));
    this.video.srcObject = this.stream;
    find("camera").hidden = false;
    find("camera-start").hidden = true;
    await this.video.play().catch(() => {}); // it plays once it may
    this.number = await this.#claim();
    this.tries = 0;
    this.add();
  }

  /** Have the server watch it, under this browser's own name. */
  add() {
    if (!this.stream || !this.number) return;
    const own = `camera-${browserId().slice(0, ID_SHOWN)}`;
    this.name = this.number === 1 ? own : `${own}-${this.number}`;
    this.adding = this.connection.send({ type: "source.add", source: this.name, address: "push:" });
    this.#say(this.adding ? "Asking the server" : "Waiting for the server");
  }

  /** Take a message about it; whether it was one. */
  take(message) {
    if (message.type === "session.created") {
      this.limits = message.limits;
      if (this.stream && this.number) {
        // The name is still ours where the server lived on: leaving ends no source.
        if (message.sources.includes(this.name)) this.#go();
        else this.add();
      }
      return false;
    }
    if (!message.event_id) return false;
    if (message.event_id === this.adding) this.#added(message);
    else if (message.event_id === this.sent) this.#sent(message);
    else return false;
    return true;
  }

  /** The connection is gone; it goes on with the next. */
  lost() {
    clearTimeout(this.timer);
    this.sent = this.adding = null;
    if (this.stream) this.#say("Waiting for the server");
  }

  stop(why = "") {
    if (this.name && this.stream) this.connection.send({ type: "source.remove", source: this.name });
    this.#end();
    this.#say(why, why ? "bad" : "");
  }

  #added(message) {
    this.adding = null;
    if (message.type === "source.added" || (message.code === "source_exists" && this.release)) {
      // Where it exists, an earlier visit of this browser left it there.
      this.onAdded(this.name);
      this.#go();
    } else if (message.code === "source_exists" && this.number < MOST_TABS) {
      this.number += 1;
      this.add();
    } else if (message.code === "cannot_open" && this.tries < MOST_TRIES) {
      // Most likely what was stopped a moment ago is being written still.
      this.tries += 1;
      this.timer = setTimeout(() => this.add(), EVERY_MS);
    } else {
      this.name = null;
      this.#end();
      this.#say(REFUSED[message.code] ?? `The server refused the camera: ${message.message}`, "bad");
    }
  }

  /** A number that no other tab of this browser has while this one shows its camera. */
  async #claim() {
    for (let number = 1; navigator.locks && number <= MOST_TABS; number += 1) {
      const release = await taken(`streamvid-camera-${number}`);
      if (!release) continue;
      if (this.stream) this.release = release;
      else release(); // it was stopped meanwhile
      return number;
    }
    return 1;
  }

  #go() {
    this.count = 0;
    this.epoch_ms ??= performance.now();
    navigator.wakeLock?.request("screen").then((lock) => { this.lock = lock; }, () => {});
    this.#send();
  }

  async #send() {
    clearTimeout(this.timer);
    this.began_ms = performance.now();
    const t = (this.began_ms - this.epoch_ms) / 1000;
    const blob = await this.#picture();
    if (!this.stream) return;
    if (blob) this.sent = this.connection.sendPicture({ source: this.name, t }, blob);
    else this.timer = setTimeout(() => this.#send(), EVERY_MS); // no picture yet
  }

  /** The server has the last picture, or refused it: the next may go, a second after it. */
  #sent(message) {
    this.sent = null;
    if (message.type === "error" && !message.retryable) {
      this.name = message.code === "no_source" ? null : this.name;
      this.stop(`The server refused the pictures: ${message.message}`);
      return;
    }
    if (message.type !== "error") this.count += 1;
    const words = this.count === 1 ? "1 picture" : `${this.count} pictures`;
    this.#say(`${words} sent as “${this.name}”`, "good");
    const spent_ms = performance.now() - this.began_ms;
    this.timer = setTimeout(() => this.#send(), Math.max(EVERY_MS - spent_ms, 0));
  }

  async #picture() {
    const { videoWidth, videoHeight } = this.video;
    if (!videoWidth) return null;
    const scale = Math.min(1, LONGEST_PX / Math.max(videoWidth, videoHeight));
    this.canvas.width = Math.round(videoWidth * scale);
    this.canvas.height = Math.round(videoHeight * scale);
    this.canvas.getContext("2d").drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    for (const quality of QUALITIES) {
      const blob = await new Promise((resolve) => this.canvas.toBlob(resolve, "image/jpeg", quality));
      if (blob && blob.size <= this.limits.picture_bytes) return blob;
    }
    return null;
  }

  #end() {
    clearTimeout(this.timer);
    this.stream?.getTracks().forEach((track) => track.stop());
    this.lock?.release();
    this.release?.();
    this.release = null;
    this.stream = this.video.srcObject = this.sent = this.adding = this.epoch_ms = this.lock = this.number = null;
    find("camera").hidden = true;
    find("camera-start").hidden = false;
  }

  #say(text, tone = "") {
    const line = find(this.stream ? "camera-state" : "camera-problem");
    setText(line, text);
    line.dataset.tone = tone;
    if (this.stream) setText(find("camera-problem"), "");
  }
}

let kept = null;

/** This browser's own random id; where it keeps nothing, this page's. */
function browserId() {
  try {
    kept ??= localStorage.getItem(ID_KEY);
    if (!kept) localStorage.setItem(ID_KEY, kept = crypto.randomUUID());
  } catch {
    kept ??= crypto.randomUUID();
  }
  return kept;
}

/** Take the lock `name`, which all tabs of this browser see: what gives it back, or null where it is taken. */
function taken(name) {
  return new Promise((resolve) => {
    navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      if (lock) return new Promise((release) => { resolve(release); });
      resolve(null);
      return null;
    }).catch(() => resolve(null));
  });
}
