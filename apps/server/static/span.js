// Span: which part of a recording is shown and which is chosen. Pure; knows no page.

export const LEAST_SPAN_S = 5;

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** What a view shows of `total_s`: `[from_s, to_s]`. A null view is all; a null `to_s` follows the end. */
export function shown(view, total_s) {
  if (!view) return [0, total_s];
  const length = Math.min(view.length_s, total_s);
  const to = clamp(view.to_s ?? total_s, length, total_s);
  return [to - length, to];
}

/** A view `factor` times as long, `at_s` staying where it is; null where that is all of it. */
export function zoomed(view, total_s, factor, at_s) {
  const [from, to] = shown(view, total_s);
  const length = Math.max((to - from) * factor, Math.min(LEAST_SPAN_S, total_s));
  if (length >= total_s) return null;
  const place = (at_s - from) / (to - from || 1);
  return anchored(at_s - place * length, length, total_s);
}

/** A view moved by `by_s`. */
export function moved(view, total_s, by_s) {
  if (!view) return null;
  const [from, to] = shown(view, total_s);
  return anchored(from + by_s, to - from, total_s);
}

/** A view that shows `t_s`, moved as little as that takes. */
export function showing(view, total_s, t_s) {
  const [from, to] = shown(view, total_s);
  if (t_s < from) return moved(view, total_s, t_s - from);
  return t_s > to ? moved(view, total_s, t_s - to) : view;
}

function anchored(from_s, length_s, total_s) {
  const to = clamp(from_s + length_s, length_s, total_s);
  // At the end it goes on with a recording that grows.
  return { length_s, to_s: to >= total_s ? null : to };
}

/** A chosen range in seconds: `[start_s, end_s]`; null chooses all, `{last_s}` the newest part. */
export function chosen(range, total_s) {
  if (!range) return [0, total_s];
  if (range.last_s !== undefined) return [Math.max(0, total_s - range.last_s), total_s];
  return [Math.min(range.start_s, total_s), Math.min(range.end_s ?? total_s, total_s)];
}

/** A range between two times in any order, rounded to tenths; null where it is all. */
export function between(a_s, b_s, total_s) {
  const round = (t_s) => Math.round(clamp(t_s, 0, total_s) * 10) / 10;
  const [start, end] = [round(Math.min(a_s, b_s)), round(Math.max(a_s, b_s))];
  const open = end >= Math.floor(total_s * 10) / 10;
  if (open && start <= 0) return null;
  if (end <= start) return null;
  return { start_s: start, end_s: open ? null : end };
}

/** What stands at `t_s` of a timeline: `{kind, reason}`; seen, gap, preview, pending or none. */
export function at(timeline, t_s) {
  const inside = ([from, to]) => from <= t_s && t_s < to;
  const gap = timeline.gaps.find((one) => inside([one.start_s, one.end_s]));
  if (gap) return { kind: "gap", reason: gap.reason };
  if (timeline.pending.some(inside)) {
    const near = timeline.previews_s.some((preview_s) => Math.abs(preview_s - t_s) < 2);
    return { kind: near ? "preview" : "pending", reason: "" };
  }
  return { kind: timeline.seen.some(inside) ? "seen" : "none", reason: "" };
}

/** What a question's message says of a range. */
export function asked(range) {
  if (!range) return {};
  if (range.last_s !== undefined) return { last: range.last_s };
  return range.end_s === null ? { start: range.start_s } : { start: range.start_s, end: range.end_s };
}
