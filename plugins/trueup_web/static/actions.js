// Pause, resume, replay, roll back: each triggers a DAG through Airflow's own API. Airflow decides
// whether the user may, and writes down who did it.
import { Chakra, Fragment, airflowRunPath, h, read, trigger, useEffect, useState } from "./airflow.js";
import { Notice, To } from "./pieces.js";
import { RESUMABLE, WORKING, counted, isLive } from "./words.js";

const { Box, Button, CloseButton, Dialog, Field, HStack, Input, NativeSelect, Portal, Text } = Chakra;

const ACTIONS = [
  {
    key: "pause",
    title: "Pause",
    may: "control",
    fits: (run) => isLive(run) && run.status !== "rolling_back",
    words: () => "The run stops after the batch in hand. What it posted stands, and it can be resumed.",
    dag: "run_control",
    conf: (run) => ({ run_id: run.run_id, action: "pause" }),
  },
  {
    key: "resume",
    title: "Resume",
    may: "control",
    // One that stands still in a working state, because its worker is gone, is resumed as well.
    fits: (run) => RESUMABLE.includes(run.status) || (run.stalled && WORKING.includes(run.status)),
    words: () => "The run's DAG is triggered with the params that it had, and goes on after its last checkpoint.",
    dag: "run_control",
    conf: (run) => ({ run_id: run.run_id, action: "resume" }),
  },
  {
    key: "replay",
    title: "Retry quarantined rows",
    may: "control",
    fits: (run) => run.status === "completed" && run.total_quarantined > 0,
    words: (run) =>
      `A new run loads the ${counted(run.total_quarantined)} quarantined rows once more, after their cause was mended: an account opened, a reference freed.`,
    choice: { name: "dry_run", title: "How", options: [["true", "Judge the rows first, and post nothing"], ["false", "Post what can be posted"]] },
    dag: "run_control",
    conf: (run, choice) => ({ run_id: run.run_id, action: "replay", dry_run: choice === "true" }),
  },
  {
    key: "roll-back",
    title: "Roll back",
    may: "roll_back",
    grave: true,
    fits: (run) => !run.dry_run && ["completed", "interrupted", "paused", "rollback_failed"].includes(run.status),
    words: (run) =>
      `Takes back the ${counted(run.total_posted)} rows that the run posted, and proves it. Others may have relied on them.`,
    choice: {
      name: "mode",
      title: "How",
      options: [
        ["delete", "Delete: the run's rows go, as if it had never been"],
        ["reverse", "Reverse: every entry stays, and gets one that reverses it"],
      ],
    },
    dag: "rollback",
    conf: (run, choice) => ({ run_id: run.run_id, mode: choice }),
  },
];

const ENDED = ["success", "failed"];

// Follows the Airflow run that was asked for, until it is over.
function Asked({ asked, onEnd }) {
  const [state, setState] = useState("queued");
  const [error, setError] = useState(null);
  useEffect(() => {
    let timer;
    let over = false;
    const look = async () => {
      try {
        const found = await read(`api/v2/dags/${asked.dag}/dagRuns/${encodeURIComponent(asked.id)}`);
        if (over) {
          return;
        }
        setError(null);
        setState(found.state);
        if (ENDED.includes(found.state)) {
          onEnd();
          return;
        }
      } catch (caught) {
        if (!over) {
          setError(caught);
        }
      }
      if (!over) {
        timer = setTimeout(look, 2000);
      }
    };
    look();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [asked.dag, asked.id]);
  const words = {
    success: "It is done.",
    failed: "It did not succeed; the log of its tasks says why.",
  };
  return h(
    Notice,
    { status: state === "failed" ? "error" : state === "success" ? "success" : "info", title: `${asked.title}: asked for` },
    words[state] ?? "Airflow is at it. ",
    " ",
    h(To, { path: airflowRunPath(asked.dag, asked.id) }, `The DAG run of ${asked.dag}`),
    error && ` (${error.message})`,
  );
}

function Ask({ action, run, onClose, onAsked }) {
  const [typed, setTyped] = useState("");
  const [choice, setChoice] = useState(action.choice?.options[0][0]);
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
            action.choice &&
              h(
                Field.Root,
                { mb: 3 },
                h(Field.Label, null, action.choice.title),
                h(
                  NativeSelect.Root,
                  { size: "sm" },
                  h(
                    NativeSelect.Field,
                    { name: action.choice.name, value: choice, onChange: (event) => setChoice(event.target.value) },
                    ...action.choice.options.map(([key, title]) => h("option", { key, value: key }, title)),
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

// The buttons that fit the run's state; those that the user may not press are not there.
export function Actions({ run, onDone }) {
  const [chosen, setChosen] = useState(null);
  const [asked, setAsked] = useState(null);
  const fitting = ACTIONS.filter((action) => action.fits(run));
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
