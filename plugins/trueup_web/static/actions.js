// Pause, resume, replay, roll back: each triggers a DAG through Airflow's own API. Airflow decides
// whether the user may, and writes down who did it. Which of them the engine would take is said by
// the server, with the run.
import { Chakra, Fragment, airflowRunPath, h, trigger, useEffect, useLive, useState } from "./airflow.js";
import { Notice, To } from "./pieces.js";
import { counted } from "./words.js";

const { Box, Button, CloseButton, Dialog, Field, HStack, Input, NativeSelect, Portal, Text } = Chakra;

const MODES = {
  delete: [["delete", "Delete: the run's rows go, as if it had never been"]],
  reverse: [["reverse", "Reverse: every entry stays, and gets one that reverses it"]],
  restore: [
    ["restore", "Restore: the tables come back from the run's backup; what was written since is put aside"],
    ["restore by force", "Restore, and end the sessions of others that keep the tables"],
  ],
};

const ACTIONS = [
  {
    key: "pause",
    title: "Pause",
    may: "control",
    words: () => "The run stops after the batch in hand. What it posted stands, and it can be resumed.",
    dag: "run_control",
    conf: (run) => ({ run_id: run.run_id, action: "pause" }),
  },
  {
    key: "resume",
    title: "Resume",
    may: "control",
    words: () => "The run's DAG is triggered with the params that it had, and goes on after its last checkpoint.",
    dag: "run_control",
    conf: (run) => ({ run_id: run.run_id, action: "resume" }),
  },
  {
    key: "replay",
    title: "Retry quarantined rows",
    may: "control",
    words: (run) =>
      `A new run loads the ${counted(run.total_quarantined)} quarantined rows once more, after their cause was mended: an account opened, a reference freed.`,
    choice: () => ({ name: "dry_run", title: "How", options: [["true", "Judge the rows first, and post nothing"], ["false", "Post what can be posted"]] }),
    dag: "run_control",
    conf: (run, choice) => ({ run_id: run.run_id, action: "replay", dry_run: choice === "true" }),
  },
  {
    key: "roll_back",
    title: "Roll back",
    may: "roll_back",
    grave: true,
    words: (run) =>
      `Takes back the ${counted(run.total_posted)} rows that the run posted, and proves it. Others may have relied on them.`,
    choice: (run) => ({ name: "mode", title: "How", options: run.offers.roll_back.flatMap((mode) => MODES[mode]) }),
    dag: "rollback",
    conf: (run, choice) =>
      choice === "restore by force"
        ? { run_id: run.run_id, mode: "restore", cancel_sessions: true }
        : { run_id: run.run_id, mode: choice },
  },
];

const ENDED = ["success", "failed"];

function askedWords(state, dag) {
  if (state === "queued" && dag?.is_paused) {
    return ["warning", `It is queued, and stays so: the DAG ${dag.dag_id} is paused. Unpause it, and it begins. `];
  }
  return {
    queued: ["info", "It is queued, and begins when a scheduler takes it up. "],
    running: ["info", "Airflow is at it. "],
    success: ["success", "It is done. "],
    failed: ["error", "It did not succeed; the log of its tasks says why. "],
  }[state] ?? ["info", `${state} `];
}

// Follows the Airflow run that was asked for, until it is over.
function Asked({ asked, onEnd }) {
  const path = `api/v2/dags/${asked.dag}`;
  const { data: made, error } = useLive(
    `${path}/dagRuns/${encodeURIComponent(asked.id)}`,
    (found) => (ENDED.includes(found.state) ? null : 2),
  );
  const state = made?.state ?? "queued";
  const { data: dag } = useLive(state === "queued" ? path : null, () => 5);
  useEffect(() => {
    if (ENDED.includes(state)) {
      onEnd();
    }
  }, [state]);
  const [status, words] = askedWords(state, dag);
  return h(
    Notice,
    { status, title: `${asked.title}: asked for` },
    words,
    h(To, { path: airflowRunPath(asked.dag, asked.id) }, `The DAG run of ${asked.dag}`),
    error && ` (${error.message})`,
  );
}

function Ask({ action, run, onClose, onAsked }) {
  const [typed, setTyped] = useState("");
  const asks = action.choice?.(run);
  const [choice, setChoice] = useState(asks?.options[0][0]);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState(null);
  const ready = !busy && (!action.grave || typed.trim() === run.run_id);
  const go = async () => {
    setBusy(true);
    setError(null);
    try {
      const made = await trigger(action.dag, action.conf(run, choice));
      onAsked({ title: action.title, dag: action.dag, id: made.dag_run_id });
    } catch (caught) {
      setError(caught);
      setBusy(false);
    }
  };
  return h(
    Dialog.Root,
    { open: true, role: "alertdialog", onOpenChange: ({ open }) => open || onClose() },
    h(
      Portal,
      null,
      h(Dialog.Backdrop),
      h(
        Dialog.Positioner,
        null,
        h(
          Dialog.Content,
          { maxW: "36rem" },
          h(Dialog.Header, null, h(Dialog.Title, null, `${action.title}?`)),
          h(
            Dialog.Body,
            null,
            h(Text, { mb: 3 }, action.words(run)),
            h(Text, { mb: 3, color: "fg.muted", fontFamily: "mono", fontSize: "xs", overflowWrap: "anywhere" }, run.run_id),
            asks &&
              h(
                Field.Root,
                { mb: 3 },
                h(Field.Label, null, asks.title),
                h(
                  NativeSelect.Root,
                  { size: "sm" },
                  h(
                    NativeSelect.Field,
                    { name: asks.name, value: choice, onChange: (event) => setChoice(event.target.value) },
                    ...asks.options.map(([key, title]) => h("option", { key, value: key }, title)),
                  ),
                  h(NativeSelect.Indicator),
                ),
              ),
            action.grave &&
              h(
                Field.Root,
                null,
                h(Field.Label, null, "Type the run's id to go on"),
                h(Input, { value: typed, size: "sm", autoComplete: "off", spellCheck: false, onChange: (event) => setTyped(event.target.value) }),
              ),
            error && h(Box, { mt: 3 }, h(Notice, { status: "error" }, error.message)),
          ),
          h(
            Dialog.Footer,
            null,
            h(Button, { variant: "outline", onClick: onClose }, "Leave it"),
            h(
              Button,
              { colorPalette: action.grave ? "red" : "brand", disabled: !ready, loading: busy, onClick: go },
              action.title,
            ),
          ),
          h(Dialog.CloseTrigger, { asChild: true }, h(CloseButton, { size: "sm" })),
        ),
      ),
    ),
  );
}

// The buttons that the server offers; those that the user may not press are not there.
export function Actions({ run, onDone }) {
  const [chosen, setChosen] = useState(null);
  const [asked, setAsked] = useState(null);
  const fitting = ACTIONS.filter((action) => run.offers[action.key]);
  const allowed = fitting.filter((action) => run.may[action.may]);
  return {
    buttons: h(
      HStack,
      { gap: 2, wrap: "wrap" },
      ...allowed.map((action) =>
        h(
          Button,
          {
            key: action.key, size: "sm", variant: "outline",
            colorPalette: action.grave ? "red" : "brand", onClick: () => setChosen(action),
          },
          action.title,
        ),
      ),
      fitting.length > 0 &&
        allowed.length === 0 &&
        h(Text, { color: "fg.muted", fontSize: "xs" }, "You may look at this run, and not act on it."),
    ),
    below: h(
      Fragment,
      null,
      asked && h(Asked, { key: asked.id, asked, onEnd: onDone }),
      chosen &&
        h(Ask, {
          action: chosen,
          run,
          onClose: () => setChosen(null),
          onAsked: (made) => {
            setChosen(null);
            setAsked(made);
            onDone();
          },
        }),
    ),
  };
}
