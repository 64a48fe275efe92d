// Drawing: a timeline's picture on a canvas.

import { labels } from "./times.js";

export const BAND = { top: 22, height: 30 };
const LABEL_PX = 84;

/** Draw `{timeline, from_s, to_s, start_s, end_s, look_s, chosen, base}` over all of `canvas`. */
export function draw(canvas, shown) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  const style = getComputedStyle(canvas);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const x = (t_s) => ((t_s - shown.from_s) / (shown.to_s - shown.from_s || 1)) * width;
  pen.save();
  pen.beginPath();
  pen.roundRect(0, BAND.top, width, BAND.height, 6);
  pen.clip();
  drawBand(pen, shown, x, colour, width);
  pen.restore();
  drawLabels(pen, shown, x, colour, width, style);
  if (shown.chosen) drawChoice(pen, shown, x, colour, width);
  if (shown.look_s !== null) drawLook(pen, x(shown.look_s), colour);
}

function drawBand(pen, { timeline }, x, colour, width) {
  const fill = (from, to, style) => {
    const left = Math.max(0, x(from));
    const right = Math.min(width, x(to));
    if (right < 0 || left > width) return;
    pen.fillStyle = style;
    // A gap of a second in a day is still told.
    pen.fillRect(left, BAND.top, Math.max(right - left, 1), BAND.height);
  };
  fill(-1e12, 1e12, colour("track"));
  timeline.seen.forEach(([from, to]) => fill(from, to, colour("seen")));
  const striped = hatch(pen, colour("gap"), colour("gap-ground"));
  timeline.gaps.forEach((gap) => fill(gap.start_s, gap.end_s, striped));
  pen.fillStyle = colour("seen");
  for (const t_s of timeline.previews_s) {
    const left = x(t_s);
    if (left >= 0 && left <= width) pen.fillRect(left, BAND.top + 9, 2, BAND.height - 18);
  }
}

/** Stripes: gaps are told apart without colours too. */
function hatch(pen, stripe, ground) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const inner = tile.getContext("2d");
  inner.fillStyle = ground;
  inner.fillRect(0, 0, 8, 8);
  inner.strokeStyle = stripe;
  inner.lineWidth = 2.5;
  for (const shift of [-8, 0, 8]) {
    inner.beginPath();
    inner.moveTo(shift, 8);
    inner.lineTo(shift + 8, 0);
    inner.stroke();
  }
  return pen.createPattern(tile, "repeat");
}

function drawLabels(pen, { from_s, to_s, base }, x, colour, width, style) {
  pen.font = `12px ${style.fontFamily}`;
  pen.textBaseline = "top";
  const least_s = ((to_s - from_s) * LABEL_PX) / width;
  for (const { t_s, text } of labels(from_s, to_s, least_s, base)) {
    const left = x(t_s);
    pen.fillStyle = colour("line");
    pen.fillRect(Math.min(Math.round(left), width - 1), BAND.top - 5, 1, 5);
    pen.fillStyle = colour("muted");
    const half = pen.measureText(text).width / 2;
    pen.fillText(text, Math.min(Math.max(left - half, 0), width - 2 * half), 2);
  }
}

function drawChoice(pen, { start_s, end_s }, x, colour, width) {
  const [left, right] = [x(start_s), x(end_s)];
  pen.fillStyle = colour("veil");
  pen.fillRect(0, BAND.top, Math.max(left, 0), BAND.height);
  pen.fillRect(right, BAND.top, Math.max(width - right, 0), BAND.height);
  pen.strokeStyle = colour("accent");
  pen.lineWidth = 2;
  pen.strokeRect(left, BAND.top + 1, Math.max(right - left, 2), BAND.height - 2);
}

function drawLook(pen, left, colour) {
  pen.fillStyle = colour("ink");
  pen.fillRect(Math.round(left) - 1, BAND.top - 5, 2, BAND.height + 10);
}
