// What a run did not post: reasons for everybody, rows for those who may see them.
import { Chakra, address, h, query, useLive, useState } from "./airflow.js";
import { Grid, Nothing, Pager, Section, Trouble, Waiting } from "./pieces.js";
import { counted, moves } from "./words.js";

const { Box, Button, Text } = Chakra;

const ROWS = 50;

const COLUMNS = [
  { title: "Line", right: true, of: (row) => counted(row.position) },
  { title: "Reason", of: (row) => row.reason_code },
  { title: "Why", wide: true, of: (row) => row.reason },
  { title: "As it stood in the source", wide: true, mono: true, of: (row) => row.raw + (row.cut ? " …" : "") },
];

function Rows({ run, base, reason }) {
  const [trail, setTrail] = useState([]);
  const path = `${base}/quarantine?${query({ reason, after: trail.at(-1), rows: ROWS, of: run.total_quarantined })}`;
  const { data, error, reading } = useLive(path, () => null, true);
  if (!data) {
    return error ? h(Trouble, { error }) : h(Waiting);
  }
  return h(
    Box,
    null,
    h(Trouble, { error }),
    h(Grid, { columns: COLUMNS, rows: data, keyOf: (row) => row.position, empty: "No row is behind this one." }),
    (trail.length > 0 || data.length === ROWS) &&
      h(Pager, {
        backWords: "Before",
        forthWords: "After",
        back: trail.length > 0 && !reading ? () => setTrail(trail.slice(0, -1)) : null,
        forth: data.length === ROWS && !reading ? () => setTrail([...trail, data.at(-1).position]) : null,
      }),
  );
}

export function Quarantine({ run, base }) {
  const [reason, setReason] = useState(null);
  const { data, error } = useLive(`${base}/reasons`, () => (moves(run) ? 15 : 60));
  if (!data) {
    return error ? h(Trouble, { error }) : h(Waiting);
  }
  if (data.length === 0) {
    return h(Section, null, h(Nothing, null, "No row is in quarantine."));
  }
  const columns = [
    {
      title: "Reason",
      of: (row) =>
        run.may.rows
          ? h(
              Button,
              {
                size: "xs", variant: reason === row.reason_code ? "solid" : "outline",
                "aria-pressed": reason === row.reason_code,
                onClick: () => setReason(reason === row.reason_code ? null : row.reason_code),
              },
              row.reason_code,
            )
          : row.reason_code,
    },
    { title: "Rows", right: true, of: (row) => counted(row.rows) },
    { title: "First line", right: true, of: (row) => counted(row.first_position) },
    { title: "Meaning", wide: true, of: (row) => row.meaning },
  ];
  return h(
    Box,
    null,
    h(Trouble, { error }),
    h(Section, { title: "Quarantine by reason" }, h(Grid, { columns, rows: data, keyOf: (row) => row.reason_code })),
    run.may.rows
      ? h(
          Section,
          { title: reason ? `Rows: ${reason}` : "Rows", aside: "in the order of the source" },
          h(
            Button,
            { asChild: true, size: "xs", variant: "outline", mb: 3 },
            h("a", { href: address(`${base}/quarantine.csv`), download: `${run.run_id}-quarantine.csv` }, "Download all as CSV"),
          ),
          h(Rows, { key: reason, run, base, reason }),
        )
      : h(
          Section,
          { title: "Rows" },
          h(Text, { color: "fg.muted" }, `Rows as they stood in the source are for those who may trigger ${run.dag_id}.`),
        ),
  );
}
