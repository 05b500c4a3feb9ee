// The drawing of the five states of a connection, placed by hand. A test compares its edges with the machine's.

/** The centre of each box. */
const PLACES = {
  idle: [28, 14],
  connecting: [106, 14],
  connected: [196, 14],
  disconnecting: [106, 42],
  closed: [28, 42],
};
const SIZES = { idle: 40, connecting: 62, connected: 58, disconnecting: 74, closed: 44 };
const HEIGHT = 15;

/** The edges between the five states, each as an SVG path. */
export const EDGES = {
  "idle -> connecting": "M48 14 H75",
  "idle -> closed": "M28 22 V34",
  "connecting -> connected": "M137 11 H167",
  "connected -> connecting": "M167 17 H137",
  "connecting -> disconnecting": "M112 22 V34",
  "disconnecting -> connecting": "M100 34 V22",
  "connected -> disconnecting": "M190 22 Q186 42 143 42",
  "disconnecting -> idle": "M72 36 L46 22",
  "disconnecting -> closed": "M69 42 H50",
};

const NS = "http://www.w3.org/2000/svg";

function make(name, attributes, parent) {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  parent?.append(element);
  return element;
}

/** Makes the drawing for one server, and a function that highlights one state. */
export function chart() {
  const svg = make("svg", { class: "chart", viewBox: "0 0 228 54", role: "img" });
  for (const [name, path] of Object.entries(EDGES))
    make("path", { class: "edge", d: path, "marker-end": "url(#tip)", "data-edge": name }, svg);
  const boxes = {};
  for (const [state, [x, y]] of Object.entries(PLACES)) {
    const group = make("g", { class: state, "data-state": state }, svg);
    const width = SIZES[state];
    make("rect", { x: x - width / 2, y: y - HEIGHT / 2, width, height: HEIGHT, rx: 4 }, group);
    make("text", { x, y: y + 0.5 }, group).textContent = state;
    boxes[state] = group;
  }
  let lit;
  return {
    svg,
    light(state) {
      if (lit === state) return;
      if (lit) boxes[lit].classList.remove("lit");
      boxes[state]?.classList.add("lit");
      svg.setAttribute("aria-label", `state: ${state}`);
      lit = state;
    },
  };
}
