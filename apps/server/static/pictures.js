// Pictures: each source's newest one, while somebody can see it. It is fetched when the server says that
// there is a newer one; where it does not say, about once a second.

const EVERY_MS = 1000;
const WAIT_MS = 10_000;

/** A picture of the server as `{url, t_s, tag}`, or null where there is none. Rejects where nobody answers. */
export async function fetchPicture(address) {
  const answer = await fetch(address, { signal: AbortSignal.timeout(WAIT_MS) });
  if (!answer.ok) return null;
  const t_s = Number(answer.headers.get("X-Frame-Time"));
  const tag = answer.headers.get("ETag");
  return { blob: await answer.blob(), t_s, tag };
}

/** Where the picture at `t_s` is, or the newest one. */
export function address(source, t_s = null) {
  const name = encodeURIComponent(source);
  return t_s === null ? `picture/${name}` : `stills/${name}/${t_s}`;
}

export class Pictures {
  /**
   * `names()` are those that can be seen, `isWanted(name, t_s)` whether there may be a newer one than that of
   * `t_s`; `onPicture(name, picture)`.
   */
  constructor({ names, isWanted, onPicture }) {
    Object.assign(this, { names, isWanted, onPicture });
    this.busy = new Set();
    this.shown = new Map(); // name -> {t_s, tag}
    setInterval(() => this.look(), EVERY_MS);
    document.addEventListener("visibilitychange", () => this.look());
  }

  look() {
    for (const name of this.names()) this.lookAt(name);
  }

  lookAt(name) {
    if (document.hidden || this.busy.has(name) || !this.names().includes(name)) return;
    const shown = this.shown.get(name);
    if (!shown || this.isWanted(name, shown.t_s)) this.#fetch(name);
  }

  /** Fetch anew what is thought not to change. */
  forget(name) {
    this.shown.delete(name);
  }

  async #fetch(name) {
    this.busy.add(name);
    try {
      const picture = await fetchPicture(address(name));
      if (!picture) return;
      const { t_s, tag } = picture;
      const before = this.shown.get(name);
      this.shown.set(name, { t_s, tag });
      if (tag !== before?.tag || t_s !== before.t_s) this.onPicture(name, picture);
    } catch {
      // The connection's own line says that the server is away.
    } finally {
      this.busy.delete(name);
    }
  }
}

/** Show `blob` in `picture`, and free what it showed before. */
export function put(picture, blob) {
  const before = picture.dataset.blob;
  const url = URL.createObjectURL(blob);
  picture.dataset.blob = url;
  picture.src = url;
  picture.hidden = false;
  if (before) URL.revokeObjectURL(before);
}
