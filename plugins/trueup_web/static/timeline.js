// A run's stages, told from its audit log: which came when, how long each took, what it said.
import { Chakra, h } from "./airflow.js";
import { Nothing } from "./pieces.js";
import { clock, counted, isWorking, lasting, moment, plain } from "./words.js";

const { Box, Flex, Text } = Chakra;

// Consecutive sentences of one stage are one visit to it. A stage speaks when it has done something,
// so a visit begins where the one before ended; the last one goes on while the run works.
export function visitsOf(run) {
  const visits = [];
  // Batches are no sentences: posting lasts until the last of them.
  const settled = run.checkpoints.map((row) => row.updated_at).sort().at(-1) ?? "";
  let before = run.events[0]?.logged_at;
  for (const event of run.events) {
    if (event.left_out > 0) {
      visits.push({ leftOut: event.left_out, from: before, until: event.logged_at, events: [] });
      before = event.logged_at;
    }
    if (visits.at(-1)?.stage === "post" && event.stage !== "post" && settled > before && settled < event.logged_at) {
      visits.at(-1).until = before = settled;
    }
    const last = visits.at(-1);
    if (last?.stage === event.stage) {
      last.until = event.logged_at;
      last.events.push(event);
    } else {
      visits.push({ stage: event.stage, from: before, until: event.logged_at, events: [event] });
    }
    before = event.logged_at;
  }
  const last = visits.at(-1);
  if (last && isWorking(run)) {
    if (last.stage === run.stage) {
      last.until = run.last_seen_at;
      last.going = true;
    } else {
      visits.push({ stage: run.stage, from: last.until, until: run.last_seen_at, events: [], going: true });
    }
  }
  return visits;
}

const seconds = (visit) => Math.max(0, (Date.parse(visit.until) - Date.parse(visit.from)) / 1000);

const LeftOut = ({ visit }) =>
  h(Box, { as: "li", py: 2, borderTopWidth: 1, borderColor: "border" }, h(Text, { color: "fg.muted" }, `… ${counted(visit.leftOut)} sentences between ${clock(visit.from)} and ${clock(visit.until)} are left out here; trueup.run_events has them.`));

export function Timeline({ run }) {
  if (run.events.length === 0) {
    return h(Nothing, null, "Nothing was written into the journal yet.");
  }
  const visits = visitsOf(run);
  const longest = Math.max(...visits.filter((visit) => !visit.leftOut).map(seconds), 0.001);
  return h(
    Flex,
    { direction: "column", as: "ol", listStyleType: "none" },
    ...visits.map((visit, at) =>
      visit.leftOut ? h(LeftOut, { key: at, visit }) : h(
        Flex,
        { key: at, as: "li", gap: 4, py: 2, borderTopWidth: at ? 1 : 0, borderColor: "border", align: "baseline", wrap: { base: "wrap", lg: "nowrap" } },
        h(
          Box,
          { flex: "0 0 14rem" },
          h(
            Flex,
            { justify: "space-between" },
            h(Text, { fontWeight: "medium" }, plain(visit.stage)),
            h(Text, { color: "fg.muted", fontVariantNumeric: "tabular-nums" }, visit.going ? "at work" : lasting(seconds(visit))),
          ),
          h(Box, {
            mt: 1, height: "4px", borderRadius: "full", colorPalette: visit.going ? "orange" : "brand", bg: "colorPalette.solid",
            width: `${Math.max(2, (100 * seconds(visit)) / longest)}%`,
          }),
        ),
        h(
          Box,
          { flex: 1, minW: 0 },
          visit.events.length === 0 && h(Text, { color: "fg.muted" }, "It has not said anything yet."),
          ...visit.events.map((event) =>
            h(
              Flex,
              { key: event.id, gap: 3 },
              h(Text, { color: "fg.muted", fontVariantNumeric: "tabular-nums", title: moment(event.logged_at) }, clock(event.logged_at)),
              h(Text, { overflowWrap: "anywhere", minW: 0 }, event.event),
            ),
          ),
        ),
      ),
    ),
  );
}
