// The page: puts sources, timeline, conversation, camera and connection together.
// What is said to the server is docs/protocol.md; the answers are told to whoever knows them.

import { Asking } from "./asking.js";
import { Connection } from "./connection.js";
import { Login } from "./login.js";
import { find, setText } from "./make.js";
import { Moments } from "./moments.js";
import { Pictures, put } from "./pictures.js";
import { RangeFields, rangeWords } from "./range.js";
import { Sources } from "./sources.js";
import { between } from "./span.js";
import { Stage } from "./stage.js";
import { Timeline } from "./timeline.js";
import { TimeBase } from "./times.js";
import { Timelines } from "./timelines.js";
import { Webcam } from "./webcam.js";
import { stateWords } from "./words.js";

const known = new Map(); // name -> {status, timeline, range}
let chosen = null;

const sources = new Sources((name) => choose(name, { focus: true }));
const timeline = new Timeline({ onRange: setRange, onLook: look });
const fields = new RangeFields(setRange);
const stage = new Stage({ onNewest: () => look(null), onGap: pickGap });
const connection = new Connection({ onState: showConnection, onMessage: take });
const asking = new Asking({ connection, about, onMoment: (turn, moment) => moments.open(turn, moment) });
const moments = new Moments({
  onAsk: (source, start_s, end_s) => {
    choose(source);
    setRange(between(start_s, end_s, timeline.total_s));
    find("question").focus();
  },
  onShow: (source, t_s) => {
    choose(source);
    look(t_s);
  },
});
const webcam = new Webcam({ connection, onAdded: (name) => { wanted = name; } });
const timelines = new Timelines({
  wanted: () => (isRemembered(chosen) ? chosen : null),
  isActive: (name) => isActive(known.get(name)?.status),
  onTimeline: (name, read) => {
    if (!known.has(name)) return;
    known.get(name).timeline = read;
    if (name === chosen) show();
  },
});
const pictures = new Pictures({
  names: () => [...known.keys()].filter((name) =>
    isRemembered(name) && (name === chosen || sources.isSeen(name))),
  isWanted: (name, t_s) => {
    const status = known.get(name)?.status;
    return isActive(status) && status.picture_s !== t_s;
  },
  onPicture: (name, picture) => {
    const isSame = known.get(name)?.picture?.tag === picture.tag; // a still scene: only its time is new
    if (sources.picture(name) && !isSame) put(sources.picture(name), picture.blob);
    if (name === chosen) stage.newest(picture);
    if (known.has(name)) known.get(name).picture = picture;
  },
});
const login = new Login(find("login"), () => connection.open());
let wanted = decodeURIComponent(location.hash.slice(1)) || null; // to be chosen when it comes

function isActive(status) {
  return Boolean(status) && !["ended", "stopped", "refused"].includes(status.state);
}

/** Whether there is anything to fetch of a source. */
function isRemembered(name) {
  const status = known.get(name)?.status;
  return Boolean(status?.recording_id) && (status.length_s > 0 || status.previews > 0);
}

const isLive = (source) => Boolean(source) && source.status.kind !== "file";

function baseOf(source) {
  return new TimeBase(isLive(source) ? source.timeline?.started_wall_s ?? null : null);
}

/** What a question would be about. */
function about() {
  const source = known.get(chosen);
  const base = baseOf(source);
  const range = source?.range ?? null;
  const words = rangeWords(range, timeline.total_s, base, isLive(source));
  return { source: chosen, range, base, words, baseNow: () => baseOf(source && known.get(source.status.source)) };
}

function show() {
  const source = known.get(chosen);
  find("workplace").hidden = !source;
  find("no-source").hidden = known.size > 0 || !connection.isOpen;
  if (!source) return;
  const { status, range } = source;
  const live = isLive(source);
  timeline.show({ name: chosen, timeline: source.timeline, expected_s: live ? 0 : status.expected_s, live, range });
  stage.show(source, baseOf(source), timeline.total_s);
  showRange();
}

function showRange() {
  const { range, words, base } = about();
  const live = isLive(known.get(chosen));
  fields.show(range, timeline.total_s, base, live);
  find("timeline-part").hidden = !known.get(chosen).timeline;
  setText(find("about"), `About ${chosen}: ${words}`);
  find("about-clear").hidden = !range;
}

function setRange(range) {
  if (!known.has(chosen)) return;
  known.get(chosen).range = range;
  timeline.setRange(range);
  showRange();
}

function look(t_s) {
  timeline.setLook(t_s);
  stage.look(t_s);
}

function pickGap(gap) {
  look(gap.start_s);
}

function choose(name, { focus = false } = {}) {
  if (name === chosen || !known.has(name)) return;
  chosen = name;
  if (focus || name === wanted) wanted = null;
  history.replaceState(null, "", `#${encodeURIComponent(name)}`);
  sources.choose(name);
  stage.clear(known.get(name).picture);
  show();
  asking.show();
  pictures.look();
  timelines.look();
  if (focus && matchMedia("(min-width: 70rem)").matches) find("question").focus();
}

function showStatus(status) {
  const name = status.source;
  const before = known.get(name)?.status;
  known.set(name, { range: null, timeline: null, ...known.get(name), status });
  sources.show(status);
  if (before?.state !== status.state) {
    pictures.forget(name);
    timelines.forget(name);
    if (before) setText(find("announce"), `${name}: ${stateWords(status).text}`);
  }
  if (!known.has(chosen) || name === wanted) choose(name);
  else if (name === chosen) show();
  if (before?.state !== status.state) {
    pictures.look();
    timelines.look();
  } else if (before.picture_s !== status.picture_s) pictures.lookAt(name);
}

function remove(name) {
  known.delete(name);
  sources.remove(name);
  asking.forget(name);
  if (name !== chosen) return;
  chosen = null;
  const [next] = known.keys();
  if (next) choose(next);
  else show();
}

function take(message) {
  if (webcam.take(message) || asking.take(message)) return;
  switch (message.type) {
    case "session.created":
      for (const name of [...known.keys()]) {
        if (!message.sources.includes(name)) remove(name);
        // Another server may call another film by this name.
        timelines.forget(name);
        pictures.forget(name);
      }
      show();
      break;
    case "source.status": showStatus(message); break;
    case "source.removed": remove(message.source); break;
    case "source.gap": timelines.forget(message.source); break;
    case "error": setText(find("ask-problem"), message.message); break;
  }
}

let counting = null;
function showConnection({ name, text, retry_at_ms }) {
  clearInterval(counting);
  const bar = find("connection");
  bar.dataset.state = name;
  find("retry").hidden = name !== "waiting";
  setText(find("connection-text"), text);
  setText(find("countdown"), "");
  if (name === "waiting") {
    const count = () => {
      const left_s = Math.max(0, Math.ceil((retry_at_ms - Date.now()) / 1000));
      setText(find("countdown"), `Trying again in ${left_s} s.`);
    };
    count();
    counting = setInterval(count, 500);
    asking.lost();
    webcam.lost();
  }
  if (name === "login") login.ask();
  document.body.classList.toggle("away", name !== "open");
  show();
}

find("retry").addEventListener("click", () => connection.open());
find("about-clear").addEventListener("click", () => setRange(null));
addEventListener("hashchange", () => choose(decodeURIComponent(location.hash.slice(1))));
connection.open();
