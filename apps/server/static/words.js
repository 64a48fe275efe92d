// Words: what states, errors and approximations mean to a person, and what to do about them.

import { duration, wallClock } from "./times.js";

/** Codes that say no more than the state does. */
const PLAIN = ["frames", "moving", "closed", "end"];

const BLIND = {
  stalled: "nothing arrives",
  frozen: "the picture stands still",
  "audio-only": "only sound arrives",
  reconnecting: "the connection was lost",
};

const plainReason = (reason) => (reason ?? "").replaceAll("_", " ");

export const reasonWords = plainReason;

/** What a source's name does not tell already. */
export function titleOf({ kind, source, title }) {
  if (kind === "pushed") return "a browser's camera";
  return title && title !== source ? title : "";
}

/** How a source does: `{tone, text, short}`; the tone is good, busy, blind, done or bad. */
export function stateWords(status) {
  const since = wallClock(status.since, { seconds: false });
  const reason = status.detail || (PLAIN.includes(status.reason) ? "" : plainReason(status.reason));
  const next = attempt(status);
  switch (status.state) {
    case "waiting":
      return { tone: "busy", text: "waiting to begin" };
    case "connecting":
      return { tone: "busy", text: status.kind === "file" ? "opening the file" : `connecting since ${since}` };
    case "seeing":
      if (status.disk) return { tone: "bad", text: `seeing since ${since}, but the disk is ${status.disk}` };
      return { tone: "good", text: status.kind === "file" ? watching(status) : `seeing since ${since}${status.detail ? `: ${status.detail}` : ""}` };
    case "ended":
      return { tone: "done", text: status.kind === "file" ? "watched to its end" : `ended at ${since}` };
    case "stopped":
      return { tone: "done", text: `stopped at ${since}${reason ? `: ${reason}` : ""}` };
    case "refused":
      return { tone: "bad", text: `refused since ${since}: ${reason}${next}` };
    default:
      return { tone: "blind", text: `blind since ${since}: ${reason || BLIND[status.state] || status.state}${next}` };
  }
}

function attempt({ attempt: number, next_attempt_in_s: in_s }) {
  if (!number) return "";
  return `; attempt ${number} ${in_s == null ? "is under way" : `in ${duration(in_s)}`}`;
}

function watching({ ticks, reason }) {
  if (reason !== "watching") return reason;
  if (!ticks?.expected) return "watching";
  const done = Math.floor((100 * (ticks.expected - ticks.pending)) / ticks.expected);
  return `watching, ${done} % of the film`;
}

/** A short line of counters for a card. */
export function countWords({ ticks, reconnects, previews }) {
  const parts = [];
  if (ticks) parts.push(`${duration(ticks.seen + ticks.covered)} seen`);
  if (ticks?.gapped) parts.push(`${duration(ticks.gapped)} blind`);
  if (ticks?.dropped) parts.push(`${ticks.dropped} dropped`);
  if (previews && ticks?.pending) parts.push(`${previews} previews`);
  if (reconnects) parts.push(`${reconnects} reconnect${reconnects > 1 ? "s" : ""}`);
  return parts.join(" · ");
}

const ERRORS = {
  busy: ["The model has too many questions waiting.", "Ask again in a moment."],
  rate_limited: ["Too many messages in a second.", "Wait a second, then ask again."],
  response_in_progress: ["The last answer about this source is still being written.", "Stop it, or wait for its end."],
  too_many_responses: ["As many answers as one page may have are being written.", "Stop one, or wait for its end."],
  not_remembered: ["Nothing of this source is remembered yet.", "Ask again once it has been watched for a few seconds."],
  no_source: ["This source is gone.", "Choose another one."],
  bad_range: ["That range holds nothing of this recording.", "Choose another range, or clear it."],
  empty_question: ["The question holds no word.", "Write one and ask again."],
  question_too_long: ["The question is longer than the model can read.", "Shorten it."],
  too_large: ["The question is too long to be sent.", "Shorten it."],
  model_mismatch: ["What is remembered was made by another model.", "Serve it with that model, or run streamvid reencode."],
  model_unavailable: ["The model cannot be loaded on the server.", "Run streamvid doctor there."],
  too_many_sources: ["The server watches as many sources as it may.", "Have one removed first."],
  not_allowed: ["The server does not let pages add that.", "Start it with --allow-source or --media-root."],
  going_away: ["The server is shutting down.", "Ask again once it is back."],
  failed: ["The answer failed.", "Ask again; the server's log has more."],
};

/** What went wrong and what to do: `[what, remedy]`. */
export function errorWords({ code, message }) {
  const known = ERRORS[code];
  if (!known) return [`${message[0].toUpperCase()}${message.slice(1)}.`, ""];
  // A range's own message says which bound is wrong; of a failure only the log should tell.
  return code === "bad_range" ? [`${known[0]} (${message})`, known[1]] : known;
}

const FINISH = {
  length: "cut at the longest length an answer may have",
  deadline: "out of time; this is what was written",
  cancelled: "stopped",
};

/** What to add where an answer did not end by itself, else "". */
export const finishWords = (finish) => FINISH[finish] ?? "";

const APPROXIMATIONS = [
  [/^exact$/, () => "Nothing was left out: each remembered picture took its full part."],
  [/^bounded (\d+) of (\d+)$/, (f, t) => `The model had all ${t} pictures of the range in view, but read the question together with ${f} of them only: the newest, the best matches and an even spread.`],
  [/^merged view$/, () => "There are more pictures than the model can hold: neighbours that look alike were merged."],
  [/^sealed prefix$/, () => "The running summary is a little older than the newest picture, so that a live source need not be read again for each question."],
  [/^key frames only$/, () => "Only key frames of this source are looked at."],
  [/^previews (\d+) of (\d+)$/, (n, m) => `${n} pictures of a first coarse pass stand for ${m} seconds that are not watched in full yet.`],
  [/^(\d+) s not watched yet$/, (n) => `${n} seconds of the range are still to be watched; the answer knows nothing of them.`],
  [/^rounded range$/, () => "The range was widened to whole blocks of 64 seconds, as their pictures are not kept any more."],
  [/^history kept$/, () => "Earlier questions and answers were kept as they were first read."],
  [/^past trained length$/, () => "This is longer than the model was trained for; expect more mistakes."],
];

/** One plain sentence for each approximation that touched an answer. */
export function exactnessWords(exactness) {
  return exactness.map((one) => {
    for (const [pattern, words] of APPROXIMATIONS) {
      const match = pattern.exec(one);
      if (match) return words(...match.slice(1));
    }
    return one;
  });
}

/** All of it in two or three words. */
export function exactnessShort(exactness) {
  if (!exactness.length) return "";
  return exactness[0] === "exact" ? "exact" : "approximate";
}
