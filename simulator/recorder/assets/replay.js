// Plays what is drawn, slowly: a veil over what has not happened yet goes from left to right.
const PLAY_SECONDS = 20;
// Over whatever part of the axis is shown, so that a freeze window that fills the picture is slowed a thousand times.
const NAMESPACE = "http://www.w3.org/2000/svg";

// Real seconds at a place of a broken axis, and how many of them pass per length of the axis there.
export function secondsAt(axis, place) {
  const span = axis.spans.find((each) => place <= each.to) || axis.spans.at(-1);
  if (!span) return { seconds: 0, rate: 0 };
  const rate = (span.end - span.begin) / Math.max(span.to - span.from, 1e-12);
  return { seconds: span.begin + Math.max(0, place - span.from) * rate, rate };
}

// `told(seconds, slowed)` hears the real time of the story, and how many times slower it goes; `ended` the end.
export function startReplay(svg, drawn, view, told, ended) {
  const veil = document.createElementNS(NAMESPACE, "rect");
  veil.setAttribute("class", "veil");
  const length = view.to - view.from;
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const stops = drawn.axis.spans.map((span) => span.to).filter((to) => to > view.from && to < view.to);
  let begun = null, request = 0;

  function show(share) {
    const wanted = view.from + share * length;
    // Where motion is unwelcome it goes from event to event.
    const place = isStill ? stops.findLast((stop) => stop <= wanted) ?? view.from : wanted;
    const width = Number(svg.getAttribute("width")), left = ((place - view.from) / length) * width;
    for (const [name, value] of Object.entries({ x: left, y: 0, width: Math.max(0, width - left), height: svg.getAttribute("height") })) veil.setAttribute(name, value);
    const { seconds, rate } = secondsAt(drawn.axis, place);
    told(seconds, rate ? PLAY_SECONDS / (rate * length) : 0);
  }
  function frame(now) {
    begun ??= now;
    const share = Math.min(1, (now - begun) / (PLAY_SECONDS * 1000));
    show(share);
    if (share < 1) request = requestAnimationFrame(frame);
    else stop();
  }
  function stop() {
    cancelAnimationFrame(request);
    veil.remove();
    ended();
  }
  show(0);
  svg.append(veil);
  request = requestAnimationFrame(frame);
  // The picture may be drawn anew meanwhile.
  return { stop, redrawn: () => svg.append(veil) };
}
