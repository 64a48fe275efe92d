// The protocol is docs/protocol.md; everything shown here is text, never markup.
const find = (id) => document.getElementById(id);
const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
const send = (message) => socket.send(JSON.stringify(message));
const lines = new Map();

function showStatus(status) {
  if (!lines.has(status.source)) {
    const option = new Option(status.source, status.source);
    find("source").append(option);
    const line = document.createElement("li");
    find("sources").append(line);
    lines.set(status.source, { line, option });
  }
  const { line } = lines.get(status.source);
  line.textContent = `${status.source}: ${status.state} (${status.reason}), ${Math.round(status.length_s)} s watched`;
}

const take = {
  "session.created": () => { find("state").textContent = "connected"; },
  "source.status": showStatus,
  "source.removed": ({ source }) => {
    lines.get(source)?.line.remove();
    lines.get(source)?.option.remove();
    lines.delete(source);
  },
  "response.created": () => {
    find("answer").textContent = "";
    find("moments").replaceChildren();
    find("stop").disabled = false;
  },
  "response.output_text.delta": ({ delta }) => { find("answer").textContent += delta; },
  "response.output_text.done": ({ text }) => { find("answer").textContent = text; },
  "response.output_text.annotation.added": ({ url, t_start }) => {
    const picture = new Image();
    picture.src = url;
    picture.alt = `the picture at ${Math.floor(t_start)} s`;
    find("moments").append(picture);
  },
  "response.done": ({ coverage, exactness }) => {
    find("stop").disabled = true;
    if (coverage) find("state").textContent = `${coverage.text}; ${(exactness || []).join(", ")}`;
  },
  "session.going_away": ({ reason }) => { find("state").textContent = reason; },
  error: ({ message }) => { find("state").textContent = message; },
};

socket.addEventListener("message", ({ data }) => {
  const message = JSON.parse(data);
  take[message.type]?.(message);
});
socket.addEventListener("close", ({ code, reason }) => {
  find("state").textContent = `not connected (${code}${reason ? `: ${reason}` : ""})`;
});
find("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const content = [{ type: "input_text", text: find("question").value }];
  send({ type: "conversation.item.create", item: { type: "message", role: "user", content } });
  send({ type: "response.create", source: find("source").value });
});
find("stop").addEventListener("click", () => send({ type: "response.cancel" }));
