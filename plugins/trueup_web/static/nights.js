// Reconciliation: what each night found, by how much the books were off, what waits in the outbox.
import { Chakra, Fragment, h, query, useLive, useState } from "./airflow.js";
import { LineChart } from "./chart.js";
import { Absent, Figure, Grid, Head, Nothing, Notice, Pager, Section, Since, Trouble, Waiting } from "./pieces.js";
import { Files } from "./run.js";
import { counted, day, lasting, moment, money, plain, secondsSince, signed } from "./words.js";

const { Badge, Box, Button, Flex, SimpleGrid, Text } = Chakra;

const OVERDUE_SECONDS = 26 * 3600;
const FINDINGS_SHOWN = 50;

const total = (night) => Object.values(night.figures.findings ?? {}).reduce((sum, count) => sum + count, 0);

const NightStatus = ({ night }) =>
  h(Badge, { colorPalette: night.status === "clean" ? "green" : "red", variant: "subtle" }, night.status);

const FINDINGS = [
  { title: "Check", of: (row) => plain(row.check_name) },
  { title: "Severity", of: (row) => h(Badge, { colorPalette: row.severity === "critical" ? "red" : "yellow", variant: "subtle" }, row.severity) },
  { title: "About", of: (row) => row.subject },
  { title: "Currency", of: (row) => row.currency_code ?? "–" },
  { title: "Expected", right: true, of: (row) => money(row.expected) },
  { title: "Actual", right: true, of: (row) => money(row.actual) },
  { title: "Difference", right: true, of: (row) => (row.difference === null ? "–" : signed(row.difference)) },
  { title: "Likely cause", wide: true, of: (row) => row.cause },
];

function Findings({ night }) {
  // Where the pages before this one ended.
  const [trail, setTrail] = useState([]);
  const path = `trueup/nights/${night.system}/${encodeURIComponent(night.night_id)}`;
  const { data, error, reading } = useLive(`${path}?${query({ rows: FINDINGS_SHOWN, ...trail.at(-1) })}`, () => null, true);
  if (!data) {
    return error ? h(Trouble, { error }) : h(Waiting);
  }
  return h(
    Box,
    { mt: 3 },
    h(Trouble, { error }),
    h(
      Section,
      { title: `Night of ${moment(night.looked_at)}`, aside: night.in_flight.length ? `runs were in flight: ${night.in_flight.join(", ")}` : undefined },
      h(Grid, { columns: FINDINGS, rows: data.findings, empty: "Nothing was found: the books are clean." }),
      (trail.length > 0 || data.next) &&
        h(Pager, {
          backWords: "Before", forthWords: "After",
          back: trail.length > 0 && !reading ? () => setTrail(trail.slice(0, -1)) : null,
          forth: data.next && !reading ? () => setTrail([...trail, data.next]) : null,
        }),
    ),
    Object.keys(data.files).length > 0 &&
      h(Files, { files: data.files, base: `trueup/reports/${night.system}`, mayRows: true, dagId: night.dag_id }),
  );
}

// A night from before drift was kept has one entry, for no currency: nobody knows.
const isKnown = (night) => !("" in night.drift);

// For an axis alone; what is read of a point is its exact text.
const roughly = (number) =>
  number.toLocaleString("en", { maximumSignificantDigits: 3, notation: number >= 1e6 ? "compact" : "standard" });

// A chart of its own for each currency: nothing says what one is worth in another.
function driftOf(rising, labels) {
  const currencies = [...new Set(rising.filter(isKnown).flatMap((night) => Object.keys(night.drift)))].sort();
  return (currencies.length ? currencies : [null]).map((code) => {
    const amounts = rising.map((night) => (isKnown(night) ? (night.drift[code] ?? "0") : null));
    return {
      title: `Drift${code ? ` in ${code}` : ""}: by how much the books were off`,
      lines: [
        {
          title: code ?? "none",
          values: amounts.map((amount) => (amount === null ? null : Number(amount))),
          texts: amounts.map((amount) => (amount === null ? "not known" : money(amount))),
        },
      ],
      labels,
      write: roughly,
    };
  });
}

function chartsOf(nights) {
  const rising = [...nights].reverse();
  const labels = rising.map((night) => `${day(night.looked_at)}`);
  const measured = (name) => rising.map((night) => night.figures.measured?.[name] ?? null);
  const charts = [
    ...driftOf(rising, labels),
    { title: "Findings", lines: [{ title: "findings", values: rising.map(total), colour: 4 }], labels },
  ];
  if (rising.some((night) => night.figures.measured?.outbox_backlog !== undefined)) {
    charts.push({
      title: "Outbox",
      lines: [
        { title: "waiting", values: measured("outbox_backlog") },
        { title: "failed", values: measured("outbox_failed"), colour: 4 },
      ],
      labels,
    });
  }
  return charts;
}

const COLUMNS = (chosen, choose) => [
  {
    title: "Night",
    of: (night) =>
      h(
        Button,
        {
          size: "xs", variant: chosen === night.night_id ? "solid" : "outline", "aria-pressed": chosen === night.night_id,
          onClick: () => choose(chosen === night.night_id ? null : night.night_id),
        },
        moment(night.looked_at),
      ),
  },
  { title: "Books", of: (night) => h(NightStatus, { night }) },
  { title: "Findings", right: true, of: (night) => counted(total(night)) },
  {
    title: "What",
    wide: true,
    of: (night) =>
      Object.entries(night.figures.findings ?? {})
        .filter(([, count]) => count)
        .map(([name, count]) => `${counted(count)} ${plain(name)}`)
        .join(", ") || "nothing",
  },
  {
    title: "Drift",
    right: true,
    of: (night) =>
      isKnown(night) ? Object.entries(night.drift).map(([code, amount]) => `${money(amount)} ${code}`).join(", ") || "0" : "not known",
  },
];

function System({ system, nights }) {
  const [chosen, setChosen] = useState(null);
  const last = nights[0];
  if (!last) {
    return h(
      Section,
      { title: system },
      h(Nothing, null, "Nobody has looked at these books yet. The DAG nightly_reconciliation does so every night, or when it is triggered."),
    );
  }
  const measured = last.figures.measured ?? {};
  const age = secondsSince(last.looked_at);
  const night = nights.find((each) => each.night_id === chosen);
  const charts = chartsOf(nights);
  return h(
    Section,
    { title: system, aside: h(Fragment, null, "last looked at ", h(Since, { time: last.looked_at })) },
    age > OVERDUE_SECONDS &&
      h(Notice, { status: "error", title: `Nobody has looked at these books for ${lasting(age)}.` }, "Is nightly_reconciliation paused, or its schedule off?"),
    h(
      Flex,
      { gap: 8, wrap: "wrap", mb: 4 },
      h(Figure, { title: "Books", tone: last.status === "clean" ? "fg.success" : "fg.error" }, last.status),
      h(Figure, { title: "Findings" }, counted(total(last))),
      measured.outbox_backlog !== undefined && h(Figure, { title: "Outbox: waiting", hint: measured.outbox_backlog ? `the oldest for ${lasting(measured.outbox_age_seconds)}` : undefined }, counted(measured.outbox_backlog)),
      measured.outbox_failed !== undefined && h(Figure, { title: "Outbox: failed", tone: measured.outbox_failed ? "fg.error" : undefined }, counted(measured.outbox_failed)),
      ...["accounts", "entries", "lots", "users", "wallets", "drifting_users"]
        .filter((name) => measured[name] !== undefined)
        .map((name) => h(Figure, { key: name, title: plain(name).replace(/^./, (letter) => letter.toUpperCase()) }, counted(measured[name]))),
    ),
    nights.length > 1
      ? h(SimpleGrid, { columns: { base: 1, lg: Math.min(charts.length, 3) }, gap: 6, mb: 4 }, ...charts.map((chart) => h(LineChart, { key: chart.title, ...chart })))
      : h(Text, { color: "fg.muted", mb: 4 }, "From the second night on, charts show how it moves."),
    h(Box, { maxH: "22rem", overflowY: "auto" }, h(Grid, { columns: COLUMNS(chosen, setChosen), rows: nights, keyOf: (each) => each.night_id })),
    night && h(Findings, { key: night.night_id, night }),
  );
}

export function Nights() {
  const { data, error } = useLive("trueup/nights", () => 30);
  return h(
    Box,
    null,
    h(Head, { place: "nights" }),
    h(Trouble, { error }),
    h(Absent, { absent: data?.absent }),
    data
      ? Object.entries(data.nights).map(([system, nights]) => h(System, { key: system, system, nights }))
      : !error && h(Waiting, null, "Reading the nights …"),
  );
}
