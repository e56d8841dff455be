// A line over time, drawn by hand: a few hundred points need no library.
import { Chakra, h, useEffect, useRef, useState } from "./airflow.js";
import { counted } from "./words.js";

const { Box, HStack, Text } = Chakra;

const HEIGHT = 170;
const EDGE = { left: 56, right: 12, top: 8, bottom: 22 };
const COLOURS = ["blue", "orange", "green", "purple", "red", "teal"];
export const ink = (number) => `var(--chakra-colors-${COLOURS[number % COLOURS.length]}-500)`;

// The next round number at or above a value: 1, 2 or 5 times a power of ten.
function roundUp(value) {
  if (value <= 0) {
    return 1;
  }
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= value * 0.999);
}

function useWidth() {
  const ref = useRef(null);
  const [width, setWidth] = useState(600);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.max(200, entry.contentRect.width)));
    watch.observe(ref.current);
    return () => watch.disconnect();
  }, []);
  return [ref, width];
}

// lines: {title, values, texts?}; labels: a text a point, for the axis and for what the pointer is over.
// A value only says where its point lies; texts are what is read there, where a number would round them.
export function LineChart({ title, lines, labels, write = counted }) {
  const [ref, width] = useWidth();
  const [over, setOver] = useState(null);
  const count = labels.length;
  const top = roundUp(Math.max(0, ...lines.flatMap((line) => line.values.filter((value) => value !== null))));
  const inner = width - EDGE.left - EDGE.right;
  const x = (at) => EDGE.left + (count < 2 ? inner / 2 : (inner * at) / (count - 1));
  const y = (value) => HEIGHT - EDGE.bottom - ((HEIGHT - EDGE.top - EDGE.bottom) * value) / top;
  const point = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const at = Math.round(((event.clientX - box.left - EDGE.left) / inner) * (count - 1));
    setOver(Math.min(count - 1, Math.max(0, at)));
  };
  const muted = { style: { fill: "var(--chakra-colors-fg-muted)", fontSize: 11 } };
  const ticks = count < 2 ? [0] : [0, Math.floor((count - 1) / 2), count - 1];
  return h(
    Box,
    { ref, minW: 0 },
    h(
      HStack,
      { gap: 4, mb: 1, wrap: "wrap", fontSize: "xs" },
      title && h(Text, { fontWeight: "medium" }, title),
      ...lines.map((line, number) =>
        h(
          HStack,
          { key: line.title, gap: 1 },
          h("span", { style: { background: ink(line.colour ?? number), width: 10, height: 3, display: "inline-block" } }),
          h(
            Text,
            { color: "fg.muted", fontVariantNumeric: "tabular-nums" },
            over === null || line.values[over] === undefined ? line.title : `${line.title}: ${line.texts ? line.texts[over] : write(line.values[over])}`,
          ),
        ),
      ),
      over !== null && h(Text, { color: "fg.muted" }, labels[over]),
    ),
    h(
      "svg",
      {
        width, height: HEIGHT, role: "img", onMouseMove: point, onMouseLeave: () => setOver(null),
        "aria-label": `${title ?? lines.map((line) => line.title).join(", ")}: at most ${write(top)}, from ${labels[0]} to ${labels.at(-1)}`,
      },
      ...(top < 2 ? [0, 1] : [0, 0.5, 1]).map((share) =>
        h(
          "g",
          { key: share },
          h("line", {
            x1: EDGE.left, x2: width - EDGE.right, y1: y(top * share), y2: y(top * share),
            stroke: "var(--chakra-colors-border)", strokeWidth: 1,
          }),
          h("text", { ...muted, x: EDGE.left - 6, y: y(top * share) + 4, textAnchor: "end" }, write(top * share)),
        ),
      ),
      ...ticks.map((at, number) =>
        h(
          "text",
          {
            key: at, ...muted, x: x(at), y: HEIGHT - 6,
            textAnchor: count < 2 ? "middle" : ["start", "middle", "end"][number],
          },
          labels[at],
        ),
      ),
      over !== null &&
        h("line", {
          x1: x(over), x2: x(over), y1: EDGE.top, y2: HEIGHT - EDGE.bottom,
          stroke: "var(--chakra-colors-border-emphasized)",
        }),
      ...lines.map((line, number) => {
        const known = line.values.map((value, at) => [at, value]).filter(([, value]) => value !== null && value !== undefined);
        return h(
          "g",
          { key: line.title },
          h("polyline", {
            points: known.map(([at, value]) => `${x(at)},${y(value)}`).join(" "),
            fill: "none", stroke: ink(line.colour ?? number), strokeWidth: 1.75, strokeLinejoin: "round",
          }),
          known.length < 40 &&
            known.map(([at, value]) => h("circle", { key: at, cx: x(at), cy: y(value), r: 2.5, fill: ink(line.colour ?? number) })),
        );
      }),
    ),
  );
}
