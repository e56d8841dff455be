// One run: how it stands, what it did, what it proved, what can be done about it.
import { Chakra, Fragment, address, airflowRunPath, h, query, useLive, useParams, useState } from "./airflow.js";
import { Actions } from "./actions.js";
import { LineChart } from "./chart.js";
import { Absent, Bar, Figure, Grid, Head, Nothing, Notice, Pager, Section, Since, Status, To, Trouble, Waiting, isDark } from "./pieces.js";
import { Quarantine } from "./quarantine.js";
import { Timeline } from "./timeline.js";
import { clock, counted, isLive, isWorking, lasting, moment, money, moves, plain, progress, rate, sentenceCase, short, signed, takenBack } from "./words.js";

const { Box, Button, Code, Flex, Heading, HStack, SimpleGrid, Tabs, Text } = Chakra;

const BREAKS_SHOWN = 50;

const Pair = ({ name, children }) =>
  h(
    Flex,
    { gap: 3, py: 1, minW: 0 },
    h(Text, { color: "fg.muted", flex: "0 0 11rem" }, name),
    h(Box, { minW: 0, overflowWrap: "anywhere" }, children ?? "–"),
  );

const Hash = ({ children }) => (children ? h(Code, { fontSize: "xs", overflowWrap: "anywhere", whiteSpace: "normal" }, children) : "–");

const Document = ({ path, title, height = "75vh" }) =>
  h("iframe", {
    src: address(path),
    title,
    // It may show its styles, and nothing else: no script, no form, no way out of its frame.
    sandbox: "allow-same-origin",
    style: { width: "100%", height, border: 0, borderRadius: 4 },
  });

function Summary({ run }) {
  const share = progress(run);
  const speed = run.recent_rows_per_second ?? run.rows_per_second;
  const speedHint = run.recent_rows_per_second ? "last half minute" : run.rows_per_second && `in ${lasting(run.batch_seconds)} of batches`;
  const gone = takenBack(run, run.figures.rollback?.mode);
  const whole = run.total_to_process ?? run.total_read;
  return h(
    Section,
    null,
    h(
      Flex,
      { gap: 8, wrap: "wrap", mb: 4 },
      h(Figure, { title: "Read", hint: `of ${counted(whole)}` }, counted(run.total_read)),
      h(Figure, { title: "Posted", hint: gone, tone: gone ? "fg.muted" : undefined }, counted(run.total_posted)),
      h(Figure, { title: "Replayed", hint: "stood there already" }, counted(run.total_replayed)),
      h(Figure, { title: "Quarantined", tone: run.total_quarantined ? "fg.warning" : undefined }, counted(run.total_quarantined)),
      h(Figure, { title: "Breaks", tone: run.breaks ? "fg.error" : undefined, hint: run.breaks === null ? "not compared yet" : undefined }, counted(run.breaks)),
      h(Figure, { title: "Rows/s", hint: speedHint }, rate(speed)),
      isWorking(run)
        ? h(Figure, { title: "Time left" }, run.seconds_left ? lasting(run.seconds_left) : "–")
        : h(Figure, { title: "Took", hint: run.finished_at && "with all waiting" }, run.finished_at ? lasting((Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1000) : "–"),
    ),
    h(Bar, { share, height: "10px", label: "progress", colour: run.stalled ? "red" : "brand" }),
    h(
      Text,
      { color: "fg.muted", fontSize: "xs", mt: 1 },
      gone
        ? `What it posted ${gone}.`
        : share === null ? (isLive(run) ? "How many rows there are is not known yet." : "No row was settled.") : `${Math.floor(share * 1000) / 10} % of the rows are settled.`,
    ),
  );
}

function Speed({ run, base }) {
  const { data, error } = useLive(`${base}/batches?live=${isWorking(run)}`, () => (moves(run) ? 5 : isWorking(run) ? 20 : null), true);
  if (!data) {
    return error ? h(Trouble, { error }) : h(Waiting);
  }
  if (data.length === 0) {
    return h(Nothing, null, run.dry_run ? "A dry run commits no batch." : "No batch was committed yet.");
  }
  if (data.length < 3) {
    const batches = data.reduce((sum, point) => sum + point.batches, 0);
    const speed = run.rows_per_second ?? run.recent_rows_per_second;
    return h(Nothing, null, `${counted(batches)} ${batches === 1 ? "batch" : "batches"}${speed ? ` at ${rate(speed)} rows a second` : ""}: too few for a chart.`);
  }
  const labels = data.map((point) => clock(point.at));
  const number = (value) => (value === null ? null : Number(value));
  return h(
    SimpleGrid,
    { columns: { base: 1, lg: 2 }, gap: 6 },
    h(LineChart, {
      lines: [{ title: "rows a second", values: data.map((point) => number(point.rows_per_second)) }],
      labels, write: rate,
    }),
    h(LineChart, {
      lines: [{ title: "rows a batch", values: data.map((point) => number(point.batch_size)), colour: 1 }],
      labels, write: rate,
    }),
  );
}

const HEADINGS = {
  currency_code: "Currency", entries: "Entries", amount: "Sum", run_entries: "Posted", run_amount: "Sum posted",
  opening_net: "Net before", net: "Net after",
};
const COUNTS = ["entries", "run_entries", "lots"];

// Tables whose columns differ from system to system: the first names who, the others are figures.
function figureColumns(rows, headings = {}) {
  const names = Object.keys(rows[0] ?? {}).sort((a, b) => (b === "currency_code") - (a === "currency_code"));
  return names.map((name) => ({
    title: headings[name] ?? HEADINGS[name] ?? sentenceCase(name),
    right: name !== "currency_code",
    of: (row) =>
      name === "currency_code" ? row[name] : COUNTS.includes(name) ? counted(row[name]) : name === "difference" ? signed(row[name]) : money(row[name]),
  }));
}

const Totals = ({ run }) => {
  const before = run.figures.totals ?? [];
  const after = run.figures.trial_balance ?? [];
  return h(
    SimpleGrid,
    { columns: { base: 1, xl: 2 }, gap: 4 },
    h(
      Section,
      { title: "Before posting: control totals", aside: "what the rows add up to, and the balances they would leave", mb: 0 },
      h(Grid, { columns: figureColumns(before, { entries: "To post", amount: "Sum to post" }), rows: before, empty: "Nothing was validated yet." }),
    ),
    h(
      Section,
      { title: "After posting: trial balance", aside: "what stands in the books; both nets must be equal", mb: 0 },
      h(Grid, { columns: figureColumns(after), rows: after, empty: run.dry_run ? "A dry run posts nothing." : "Nothing was reconciled yet." }),
    ),
  );
};

const CHECKPOINTS = [
  { title: "Range", right: true, of: (row) => row.range_no },
  { title: "From", right: true, of: (row) => counted(row.first_key) },
  { title: "Settled up to", right: true, of: (row) => counted(row.checkpoint_key) },
  { title: "To", right: true, of: (row) => counted(row.last_key) },
  {
    title: "",
    of: (row) => {
      const share = (row.checkpoint_key - row.first_key + 1) / Math.max(1, row.last_key - row.first_key + 1);
      return h(Box, { minW: "8rem", pt: 2 }, h(Bar, { share: Math.min(1, share), label: `range ${row.range_no}` }));
    },
  },
  { title: "Batches", right: true, of: (row) => counted(row.batches) },
  { title: "Posted", right: true, of: (row) => counted(row.posted) },
  { title: "Replayed", right: true, of: (row) => counted(row.replayed) },
  { title: "Quarantined", right: true, of: (row) => counted(row.quarantined) },
  { title: "Last batch", of: (row) => h(Since, { time: row.updated_at }) },
];

const BREAKS = [
  { title: "Account", of: (row) => row.account_id },
  { title: "Currency", of: (row) => row.currency_code },
  { title: "Expected", right: true, of: (row) => money(row.expected) },
  { title: "In the books", right: true, of: (row) => money(row.actual) },
  { title: "Difference", right: true, of: (row) => signed(row.difference) },
  { title: "Likely cause", wide: true, of: (row) => row.cause },
  { title: "Compared with", of: (row) => plain(row.compared_with) },
];

function Breaks({ run, base }) {
  // Where the pages before this one ended.
  const [trail, setTrail] = useState([]);
  const path = `${base}/breaks?${query({ rows: BREAKS_SHOWN, of: run.breaks, ...trail.at(-1) })}`;
  const { data, error, reading } = useLive(path, () => null, true);
  return h(
    Section,
    { title: "Breaks", aside: "balances that are not what they should be, the largest first" },
    h(Trouble, { error }),
    data &&
      h(Grid, {
        columns: BREAKS, rows: data.breaks,
        keyOf: (row) => `${row.account_id} ${row.currency_code} ${row.compared_with}`,
        empty: run.breaks === null ? "Nothing was compared yet." : "Every balance is what it should be.",
      }),
    !data && !error && h(Waiting),
    data && (trail.length > 0 || data.next) &&
      h(Pager, {
        backWords: "Larger", forthWords: "Smaller",
        back: trail.length > 0 && !reading ? () => setTrail(trail.slice(0, -1)) : null,
        forth: data.next && !reading ? () => setTrail([...trail, data.next]) : null,
      }),
  );
}

function stateWords(run) {
  const { state_hash_before: before, state_hash_after: after } = run;
  if (!before) {
    return ["info", "The books were not touched: no state hash was taken."];
  }
  if (run.status === "rolled_back") {
    return {
      reverse: ["success", "Reversed, not deleted: originals and reversals stand, so no state hash can be equal. Every balance was held against the one before the run."],
      restore: ["success", "Taken back by its backup: the restored tables were held against the backup by their hashes. What was written since is kept aside."],
    }[run.figures.rollback?.mode] ?? (
      before === after
        ? ["success", "Proved: the state hash after the rollback is the one from before the run. The books stand as if it had never been."]
        : ["warning", "The run's rows are gone, and others changed the books meanwhile in ways that cannot be subtracted: that all else is as before cannot be proved."]
    );
  }
  return run.status === "rollback_failed" && after && after !== before
    ? ["error", "The way back did not end at the books of before: the state hashes differ. The runbook says what to do."]
    : ["info", "The hash from before the run is what a rollback must reproduce."];
}

function approvalWords(run) {
  if (run.approved_by) {
    return `by ${run.approved_by}, ${moment(run.approved_at)}`;
  }
  if (run.status === "awaiting_approval") {
    return "It waits for a person's answer.";
  }
  if (run.asked_digest && !run.digest) {
    return `The trigger approved ${run.asked_digest}; the run has no digest yet.`;
  }
  if (run.asked_digest) {
    return run.asked_digest === run.digest ? "The trigger approved exactly this digest." : `The trigger approved another digest, ${run.asked_digest}.`;
  }
  return run.approval === "manual" ? "Nobody has approved it." : "No approval was asked for.";
}

const EXPECTATIONS = [
  { title: "Result", of: (row) => (row.success ? "holds" : "does not hold") },
  { title: "Suite", of: (row) => row.suite },
  { title: "Expectation", wide: true, of: (row) => row.expectation },
  { title: "Severity", of: (row) => row.severity },
  { title: "Observed", wide: true, of: (row) => row.observed },
];

const Proof = ({ run }) => {
  const [status, words] = stateWords(run);
  const rollback = Object.entries(run.figures.rollback ?? {});
  return h(
    Fragment,
    null,
    h(
      Section,
      { title: "State of the books" },
      h(Notice, { status }, words),
      h(Pair, { name: "State hash before" }, h(Hash, null, run.state_hash_before)),
      h(Pair, { name: "State hash after" }, run.state_hash_after ? h(Hash, null, run.state_hash_after) : run.status === "rolled_back" ? "–" : "A rollback takes it."),
      ...rollback.map(([name, value]) =>
        h(Pair, { key: name, name: `Rollback: ${plain(name)}` }, written(value)),
      ),
    ),
    h(
      Section,
      { title: "What was approved, of what" },
      h(Pair, { name: "Digest" }, h(Hash, null, run.digest)),
      h(Pair, { name: "Approved" }, approvalWords(run)),
      h(Pair, { name: "Source" }, h(Hash, null, run.source_fingerprint)),
      h(Pair, { name: "Mapping" }, h(Hash, null, run.mapping_fingerprint)),
      h(Pair, { name: "Posting code" }, h(Hash, null, run.code_fingerprint)),
    ),
    h(
      Section,
      { title: "Expectations", aside: "what Great Expectations found" },
      h(Grid, { columns: EXPECTATIONS, rows: run.expectations, empty: "No expectation was asked for yet." }),
    ),
  );
};

export const Files = ({ files, base, mayRows, dagId }) => {
  const names = Object.keys(files);
  // Until somebody chooses, the first: the report is written last, and comes before what was there.
  const [chosen, setChosen] = useState(null);
  if (!mayRows) {
    return h(Section, null, h(Nothing, null, `Reports quote rows of the source: they are for those who may trigger ${dagId}.`));
  }
  if (names.length === 0) {
    return h(Section, null, h(Nothing, null, "There is no report yet, or the API server does not see the folder TRUEUP_REPORTS of the workers."));
  }
  const shown = names.includes(chosen) ? chosen : names[0];
  return h(
    Section,
    { p: 2 },
    h(
      HStack,
      { mb: 2, wrap: "wrap" },
      ...names.map((name) =>
        h(Button, { key: name, size: "xs", variant: name === shown ? "solid" : "outline", onClick: () => setChosen(name) }, name),
      ),
    ),
    h(Document, { key: shown, path: `${base}/${files[shown]}`, title: shown }),
  );
};

// Looked for only while somebody looks at them: it takes a walk through folders.
function Reports({ run, base }) {
  const { data, error } = useLive(run.may.rows ? `${base}/files` : null, () => 15);
  if (run.may.rows && !data) {
    return error ? h(Trouble, { error }) : h(Waiting);
  }
  return h(Files, { files: data ?? {}, base: `trueup/reports/${run.system}`, mayRows: run.may.rows, dagId: run.dag_id });
}

function written(value) {
  if (Array.isArray(value)) {
    return value.map(written).join(", ") || "none";
  }
  return value === null ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value);
}

const Asked = ({ run }) =>
  h(
    Section,
    { title: "What was asked for" },
    // Whole, for it may be a query of many lines.
    h(Pair, { name: "Source" }, h(Text, { whiteSpace: "pre-wrap", maxH: "20rem", overflowY: "auto" }, `${run.source} (${run.source_type})`)),
    h(Pair, { name: "Started" }, `${moment(run.started_at)} by ${run.started_by}`),
    run.finished_at && h(Pair, { name: "Finished" }, moment(run.finished_at)),
    h(Pair, { name: "Regime" }, run.regime),
    run.left_out > 0 && h(Pair, { name: "Left out" }, `${counted(run.left_out)} rows outside the window of time`),
    ...Object.entries(run.given).map(([name, value]) => h(Pair, { key: name, name: plain(name) }, written(value))),
    h(
      Pair,
      { name: "Airflow runs" },
      ...run.airflow_runs.map((each) =>
        h(Box, { key: each.attempt }, h(To, { path: airflowRunPath(each.dag_id, each.airflow_run_id) }, each.airflow_run_id), ` attempt ${each.attempt}, by ${each.started_by}`),
      ),
    ),
  );

const Overview = ({ run, base }) =>
  h(
    Fragment,
    null,
    h(Summary, { run }),
    h(Section, { title: "Speed", aside: "times in UTC" }, h(Speed, { run, base })),
    h(Section, { title: "Stages", aside: "times in UTC" }, h(Timeline, { run })),
    h(
      Section,
      { title: "Checkpoints", aside: "the last row of each range whose fate is committed" },
      h(Grid, { columns: CHECKPOINTS, rows: run.checkpoints, empty: run.dry_run ? "A dry run posts nothing, and needs none." : "Posting was not opened yet." }),
    ),
    h(Box, { mb: 4 }, h(Totals, { run })),
    h(Asked, { run }),
  );

function Waits({ run }) {
  const latest = run.airflow_runs.at(-1);
  if (run.status === "awaiting_approval" && latest) {
    return h(
      Notice,
      { status: "warning", title: "It waits for a person to approve the digest." },
      h(To, { path: `${airflowRunPath(latest.dag_id, latest.airflow_run_id)}/tasks/approve/required_actions` }, "Look at it, and approve or reject it"),
    );
  }
  if (run.stalled) {
    return h(
      Notice,
      { status: "error", title: `No sign of life since ${moment(run.last_seen_at)}.` },
      "Is its worker gone, or does it wait for a lock? The runbook says how to tell, and what to do.",
    );
  }
  return null;
}

const TABS = [
  ["overview", () => "Overview", Overview],
  ["breaks", (run) => `Breaks${run.breaks ? ` (${counted(run.breaks)})` : ""}`, Breaks],
  ["quarantine", (run) => `Quarantine${run.total_quarantined ? ` (${counted(run.total_quarantined)})` : ""}`, Quarantine],
  ["proof", () => "Proof", Proof],
  ["report", () => "Report", Reports],
  ["runbook", () => "Runbook", ({ run }) => h(Document, { path: `trueup/runbook/${run.status}?dark=${isDark()}#${run.runbook}`, title: "Runbook" })],
];

export function Run({ system, name }) {
  const base = `trueup/runs/${system}/${encodeURIComponent(name)}`;
  const { data: run, error, again } = useLive(base, (found) => (moves(found) ? 2 : found.status === "awaiting_approval" ? 5 : 20));
  if (!run) {
    return error ? h(Trouble, { error }) : h(Waiting, null, "Reading the journal …");
  }
  return h(Shown, { key: run.run_id, run, base, error, again });
}

function Shown({ run, base, error, again }) {
  const [tab, setTab] = useState("overview");
  const { buttons, below } = Actions({ run, onDone: again });
  return h(
    Box,
    null,
    h(
      Flex,
      { gap: 4, mb: 3, align: "start", wrap: "wrap" },
      h(
        Box,
        { flex: 1, minW: "20rem" },
        h(HStack, { gap: 3, wrap: "wrap" }, h(Heading, { size: "md", as: "h2", overflowWrap: "anywhere" }, short(run.source)), h(Status, { run, size: "md" })),
        h(Text, { color: "fg.muted", overflowWrap: "anywhere" }, `${run.system} · ${run.run_id} · ${plain(run.stage)}`),
      ),
      buttons,
    ),
    h(Trouble, { error }),
    below,
    h(Waits, { run }),
    run.message && h(Notice, { status: run.failure ? "error" : run.status === "completed" ? "success" : "info" }, run.message),
    h(
      Tabs.Root,
      { value: tab, onValueChange: ({ value }) => setTab(value), lazyMount: true, unmountOnExit: true, size: "sm" },
      h(Tabs.List, { mb: 3 }, ...TABS.map(([key, title]) => h(Tabs.Trigger, { key, value: key }, title(run)))),
      ...TABS.map(([key, , View]) => h(Tabs.Content, { key, value: key, p: 0 }, h(View, { run, base }))),
    ),
  );
}

export function RunPage() {
  const { system, name } = useParams();
  return h(Box, null, h(Head, null), h(Run, { key: name, system, name }));
}

// The tab of a DAG run: the run, or runs, that it worked on.
export function RunOfAirflow({ dagId, airflowRunId }) {
  const path = `trueup/airflow-run?${query({ dag_id: dagId, airflow_run_id: airflowRunId })}`;
  const { data, error } = useLive(path, (found) => (found.runs.length || !found.comes ? null : 5));
  if (!data) {
    return error ? h(Trouble, { error }) : h(Waiting);
  }
  return h(
    Box,
    null,
    h(Absent, { absent: data.absent.filter((each) => !each.missing) }),
    data.runs.length === 0 && h(Nothing, null, data.comes ? "This DAG run has not worked on any run of the journal. A backfill's run shows here as soon as its audit begins." : `No run of the journal is worked on by ${dagId}.`),
    ...data.runs.map(({ system, run_id: name }) => h(Run, { key: name, system, name })),
  );
}
