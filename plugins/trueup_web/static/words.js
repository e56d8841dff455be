// How figures, times and states are said. Money arrives as text and stays text.
export const WORKING = [
  "auditing", "ingesting", "validating", "posting", "constraining", "expecting", "reconciling", "rolling_back",
];
export const RESUMABLE = ["paused", "interrupted"];
export const STATUSES = [
  ...WORKING.slice(0, 3), "awaiting_approval", ...WORKING.slice(3, 7), "completed", "previewed", ...RESUMABLE,
  "rolling_back", "rolled_back", "refused", "rollback_failed",
];

const COLOURS = {
  completed: "green", previewed: "teal", rolled_back: "purple", rolling_back: "orange", refused: "gray",
  interrupted: "orange", paused: "yellow", awaiting_approval: "yellow", rollback_failed: "red",
};
export const colourOf = (status) => COLOURS[status] ?? "blue";
export const isWorking = (run) => WORKING.includes(run.status);
// It moves, or may move any moment.
export const isLive = (run) => isWorking(run) || run.status === "awaiting_approval";
// It moves now: only then is it worth while to look every few seconds.
export const moves = (run) => isWorking(run) && !run.stalled;

export const plain = (name) => (name ?? "").replaceAll("_", " ");
export const sentenceCase = (name) => plain(name).replace(/^./, (letter) => letter.toUpperCase());

export const counted = (number) => (number === null || number === undefined ? "–" : Number(number).toLocaleString("en"));

// Groups the digits of a decimal text, without ever making a number of it.
export function money(text) {
  if (text === null || text === undefined) {
    return "–";
  }
  const [, sign, whole, rest] = /^([+-]?)(\d+)(.*)$/.exec(String(text)) ?? [null, "", String(text), ""];
  return (sign === "-" ? "−" : sign) + whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",") + rest.replace(/^\.\d$/, "$&0");
}
export const signed = (text) => (/^[-+]|^0*\.?0*$/.test(String(text)) ? money(text) : `+${money(text)}`);

export function rate(text) {
  if (text === null || text === undefined) {
    return "–";
  }
  const number = Number(text);
  return number.toLocaleString("en", { maximumFractionDigits: number < 10 ? 1 : 0 });
}

export function lasting(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) {
    return "–";
  }
  const whole = Math.round(seconds);
  if (seconds < 10) {
    return `${Math.max(0, seconds).toFixed(1)} s`;
  }
  if (whole < 90) {
    return `${whole} s`;
  }
  if (whole < 90 * 60) {
    return `${Math.round(whole / 60)} min`;
  }
  if (whole < 48 * 3600) {
    return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
  }
  return `${Math.round(whole / 86400)} days`;
}

export const secondsSince = (time) => (Date.now() - Date.parse(time)) / 1000;
export const ago = (time) => (time ? `${lasting(Math.max(secondsSince(time), 0))} ago` : "–");
export const moment = (time) => (time ? `${new Date(time).toISOString().slice(0, 19).replace("T", " ")} UTC` : "–");
export const day = (time) => new Date(time).toISOString().slice(5, 10);
export const clock = (time) => new Date(time).toISOString().slice(11, 19);

// What became of a run's postings, where they do not all stand as they were posted.
export function takenBack(run, mode) {
  if (!run.total_posted) {
    return undefined;
  }
  return {
    rolled_back: mode === "reverse" ? "was reversed" : "was taken back",
    rolling_back: "is being taken back",
    rollback_failed: "may be taken back in part",
  }[run.status];
}

// A text in one line, for where there is no room for all of it.
export function short(text, characters = 120) {
  const line = (text ?? "").replaceAll(/\s+/g, " ").trim();
  return line.length > characters ? `${line.slice(0, characters)} …` : line;
}

// How far a run has come, from 0 to 1; null before anybody knows how much there is, and when it goes
// back or has gone back.
export function progress(run) {
  if (["completed", "previewed"].includes(run.status)) {
    return 1;
  }
  // Of a refused run, rows were read and none was settled.
  if (!run.total_to_process || ["refused", "rolling_back", "rolled_back", "rollback_failed"].includes(run.status) || ["auditing", "ingesting", "validating"].includes(run.stage)) {
    return null;
  }
  return Math.min(1, run.total_read / run.total_to_process);
}
