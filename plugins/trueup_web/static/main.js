// The page: Airflow imports this module and shows the component that it finds under the plugin's name.
import { h } from "./airflow.js";
import { Nights } from "./nights.js";
import { RunOfAirflow, RunPage } from "./run.js";
import { Runs } from "./runs.js";
import { PageFrame } from "./pieces.js";

const { Route, Routes } = globalThis.ReactRouterDOM;

function Trueup({ dagId, runId }) {
  if (dagId && runId) {
    return h(PageFrame, null, h(RunOfAirflow, { dagId, airflowRunId: runId }));
  }
  return h(
    PageFrame,
    null,
    h(
      Routes,
      null,
      h(Route, { index: true, element: h(Runs) }),
      h(Route, { path: "runs/:system/:name", element: h(RunPage) }),
      h(Route, { path: "nights", element: h(Nights) }),
      h(Route, { path: "*", element: h(Runs) }),
    ),
  );
}

globalThis.Trueup = Trueup;
