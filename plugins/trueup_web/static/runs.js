// All runs of all systems, a page of them.
import { Chakra, h, query, runPath, useLive, useSearchParams, useState } from "./airflow.js";
import { Absent, Bar, Grid, Head, Pager, Section, Since, Status, To, Trouble, Waiting } from "./pieces.js";
import { RESUMABLE, STATUSES, WORKING, colourOf, counted, isLive, lasting, moves, plain, progress, rate, short, takenBack } from "./words.js";

const { Box, Flex, HStack, NativeSelect, Text } = Chakra;

const AT_WORK = [...WORKING, "awaiting_approval"];
const WANT_A_PERSON = ["awaiting_approval", ...RESUMABLE, "rollback_failed"];
const GROUPS = {
  at_work: { title: "at work", statuses: AT_WORK },
  wanting: { title: "waiting for a person", statuses: WANT_A_PERSON },
  stalled: { title: "stalled", stalled: true },
};

const Choice = ({ label, value, choices, onChange }) =>
  h(
    HStack,
    { gap: 2 },
    h(Text, { as: "label", color: "fg.muted", htmlFor: `trueup-${label}` }, label),
    h(
      NativeSelect.Root,
      { size: "sm", width: "15rem" },
      h(
        NativeSelect.Field,
        { id: `trueup-${label}`, value, onChange: (event) => onChange(event.target.value) },
        ...choices.map(([key, title]) => h("option", { key, value: key }, title)),
      ),
      h(NativeSelect.Indicator),
    ),
  );

function choicesOf(counts, system) {
  const rows = Object.entries(counts ?? {}).flatMap(([each, found]) => (!system || each === system ? found : []));
  const total = (statuses, of = "runs") =>
    rows.filter((row) => !statuses || statuses.includes(row.status)).reduce((sum, row) => sum + row[of], 0);
  return [
    ["", `every status (${counted(total())})`],
    ...Object.entries(GROUPS).map(([key, group]) => [
      key,
      `${group.title} (${counted(total(group.statuses, group.stalled ? "stalled" : "runs"))})`,
    ]),
    ...STATUSES.map((status) => [status, `${plain(status)} (${counted(total([status]))})`]),
  ];
}

function barColour(run) {
  return run.stalled ? "red" : isLive(run) ? "brand" : colourOf(run.status);
}

const Progress = ({ run }) => {
  const share = progress(run);
  const words =
    share === null
      ? run.total_to_process
        ? `${counted(run.total_to_process)} rows`
        : isLive(run) ? "not known yet" : "–"
      : `${counted(run.total_read)} of ${counted(run.total_to_process ?? run.total_read)}`;
  return h(
    Box,
    { minW: "9rem" },
    h(Bar, { share, colour: barColour(run), label: `progress of ${run.run_id}` }),
    h(Text, { fontSize: "xs", color: "fg.muted", mt: 1 }, words),
  );
};

const Beneath = ({ words, children }) =>
  h(Box, { minW: words ? "5.5rem" : undefined, maxW: "7rem", ml: "auto" }, children, words && h(Text, { color: "fg.muted", fontSize: "xs", whiteSpace: "normal" }, words));

const COLUMNS = [
  {
    title: "Run",
    fill: true,
    of: (run) =>
      h(
        Box,
        { minW: "10rem" },
        h(To, { path: runPath(run.system, run.run_id), fontWeight: "medium", display: "block", truncate: true, title: run.source }, short(run.source)),
        h(Text, { color: "fg.muted", fontSize: "xs", truncate: true, title: run.run_id }, run.run_id),
      ),
  },
  { title: "System", of: (run) => run.system },
  {
    title: "Status",
    of: (run) => h(Box, { minW: "8rem", whiteSpace: "normal" }, h(Status, { run }), h(Text, { color: "fg.muted", fontSize: "xs", mt: 1 }, plain(run.stage))),
  },
  { title: "Progress", of: (run) => h(Progress, { run }) },
  {
    title: "Rows/s",
    right: true,
    of: (run) => h(Beneath, { words: run.seconds_left ? `${lasting(run.seconds_left)} left` : null }, rate(run.recent_rows_per_second)),
  },
  { title: "Posted", right: true, of: (run) => h(Beneath, { words: takenBack(run) }, counted(run.total_posted)) },
  { title: "Replayed", right: true, of: (run) => counted(run.total_replayed) },
  {
    title: "Quarantined",
    right: true,
    of: (run) => h(Text, { as: "span", color: run.total_quarantined ? "fg.warning" : undefined }, counted(run.total_quarantined)),
  },
  {
    title: "Breaks",
    right: true,
    of: (run) => h(Text, { as: "span", color: run.breaks ? "fg.error" : undefined }, counted(run.breaks)),
  },
  {
    title: "Started",
    of: (run) =>
      h(
        Box,
        { maxW: "8rem" },
        h(Since, { time: run.started_at }),
        h(Text, { color: "fg.muted", fontSize: "xs", truncate: true, title: run.started_by }, `by ${run.started_by}`),
      ),
  },
];

export function Runs() {
  const [asked, setAsked] = useSearchParams();
  const system = asked.get("system") ?? "";
  const status = asked.get("status") ?? "";
  // Where the pages before this one ended.
  const [trail, setTrail] = useState([]);
  const group = GROUPS[status];
  const path = `trueup/runs?${query({
    system,
    status: group ? group.statuses : status,
    stalled: group?.stalled,
    ...trail.at(-1),
  })}`;
  const { data, error } = useLive(path, (found) => (found.runs.some(moves) ? 2.5 : 15));
  const counts = useLive("trueup/counts", () => 15);
  const choose = (name) => (value) => {
    setTrail([]);
    setAsked((before) => {
      const next = new URLSearchParams(before);
      value ? next.set(name, value) : next.delete(name);
      return next;
    });
  };
  const hidden = (data?.absent ?? []).filter((each) => !each.missing).length > 0;
  const none = hidden
    ? "No run can be shown here."
    : system || status
    ? "No run is like that. Choose another system or status."
    : "There are no runs yet. Trigger the DAG ledger_backfill, vesting_lots_backfill, wallet_backfill or capital_tracking_migration: its run shows here as soon as its audit begins.";
  return h(
    Box,
    null,
    h(
      Head,
      { place: "runs" },
      h(
        Flex,
        { gap: 4, wrap: "wrap" },
        h(Choice, {
          label: "System",
          value: system,
          choices: [["", "every system"], ...(counts.data?.systems ?? []).map((each) => [each, each])],
          onChange: choose("system"),
        }),
        h(Choice, {
          label: "Status",
          value: status,
          choices: choicesOf(counts.data?.counts, system),
          onChange: choose("status"),
        }),
      ),
    ),
    h(Trouble, { error }),
    h(Absent, { absent: data?.absent }),
    data
      ? h(
          Section,
          { p: 2 },
          h(Grid, { columns: COLUMNS, rows: data.runs, keyOf: (run) => `${run.system} ${run.run_id}`, empty: none }),
          (trail.length > 0 || data.next) &&
            h(Pager, {
              back: trail.length > 0 ? () => setTrail(trail.slice(0, -1)) : null,
              forth: data.next ? () => setTrail([...trail, data.next]) : null,
            }),
        )
      : !error && h(Waiting, null, "Reading the journals …"),
  );
}
