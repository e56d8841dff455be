// What Airflow's UI lends to plugins: its React, its router, its Chakra components, its session.
export const { createElement: h, Fragment, useCallback, useEffect, useRef, useState } = globalThis.React;
export const Chakra = globalThis.ChakraUI;
export const { Link: RouterLink, useNavigate, useParams, useSearchParams } = globalThis.ReactRouterDOM;

// Where things are, whatever path Airflow is served under.
export const address = (path) => new URL(path, document.baseURI).href;
export const runPath = (system, name) => `/plugin/trueup/runs/${system}/${encodeURIComponent(name)}`;
export const airflowRunPath = (dagId, airflowRunId) =>
  `/dags/${encodeURIComponent(dagId)}/runs/${encodeURIComponent(airflowRunId)}`;

export function query(values) {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return new URLSearchParams(given.flatMap(([name, value]) => [value].flat().map((each) => [name, each]))).toString();
}

async function send(path, options) {
  let response;
  try {
    response = await fetch(address(path), { headers: { Accept: "application/json" }, ...options });
  } catch {
    throw new Error("Airflow does not answer. What is shown may be old.");
  }
  if (response.ok) {
    return response.json();
  }
  const said = await response.json().catch(() => ({}));
  const detail = typeof said.detail === "string" ? said.detail : JSON.stringify(said.detail ?? response.statusText);
  const words = { 401: "You are logged out. Load the page again to log in.", 403: `You are not permitted. ${detail}` };
  throw Object.assign(new Error(words[response.status] ?? detail), { status: response.status });
}

export const read = (path) => send(path);

// Triggers a DAG through Airflow's own API: with the user's rights, under his name in the audit log.
export const trigger = (dagId, conf) =>
  send(`api/v2/dags/${dagId}/dagRuns`, {
    method: "POST",
    headers: { Accept: "application/json", "Content-Type": "application/json" },
    body: JSON.stringify({ logical_date: null, conf, note: "Asked for on the Trueup page" }),
  });

// Reads a path again and again: `pause` says after how many seconds, given what was read last, and
// nothing is read while nobody looks. What was read stays until something newer is there; with
// `keep`, also while another path is being read (`reading`), as between two pages of one list.
export function useLive(path, pause, keep = false) {
  const [state, setState] = useState({ path, data: undefined, error: undefined });
  const [turn, setTurn] = useState(0);
  const pauseRef = useRef(pause);
  pauseRef.current = pause;
  useEffect(() => {
    let timer;
    let over = false;
    const look = async () => {
      clearTimeout(timer);
      if (over || document.hidden || !path) {
        return;
      }
      let data;
      let error;
      try {
        data = await read(path);
      } catch (caught) {
        error = caught;
      }
      if (over) {
        return;
      }
      setState((before) => ({
        path,
        data: error && (keep || before.path === path) ? before.data : data,
        error,
      }));
      const seconds = error ? 10 : pauseRef.current?.(data);
      clearTimeout(timer);
      if (seconds) {
        timer = setTimeout(look, seconds * 1000);
      }
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => {
      over = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [path, turn]);
  const again = useCallback(() => setTurn((before) => before + 1), []);
  return state.path === path
    ? { ...state, reading: false, again }
    : { path, data: keep ? state.data : undefined, reading: true, again };
}
