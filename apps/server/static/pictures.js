// Pictures: each source's newest one, fetched about once a second while somebody can see it.

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
  /** `isWanted(name)`: whether it can be seen and may change; `onPicture(name, picture)`. */
  constructor({ names, isWanted, onPicture }) {
    Object.assign(this, { names, isWanted, onPicture });
    this.busy = new Set();
    this.tags = new Map();
    setInterval(() => this.look(), EVERY_MS);
    document.addEventListener("visibilitychange", () => this.look());
  }

  look() {
    if (document.hidden) return;
    for (const name of this.names()) {
      if (!this.busy.has(name) && (!this.tags.has(name) || this.isWanted(name))) this.#fetch(name);
    }
  }

  /** Fetch anew what is thought not to change. */
  forget(name) {
    this.tags.delete(name);
  }

  async #fetch(name) {
    this.busy.add(name);
    try {
      const picture = await fetchPicture(address(name));
      if (picture && picture.tag !== this.tags.get(name)) {
        this.tags.set(name, picture.tag);
        this.onPicture(name, picture);
      }
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
