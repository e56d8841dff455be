// Pieces that the views share, all of Airflow's own Chakra components and colours.
import { Chakra, Fragment, RouterLink, h } from "./airflow.js";
import { ago, colourOf, lasting, moment, plain, secondsSince } from "./words.js";

const { Alert, Badge, Box, Button, Flex, Heading, HStack, Link, Spinner, Table, Text } = Chakra;

export const PageFrame = ({ children }) =>
  h(Box, { "data-trueup": true, overflowY: "auto", height: "100%", px: 4, py: 3, fontSize: "sm" }, children);

export const To = ({ path, children, ...rest }) =>
  h(Link, { asChild: true, color: "fg.info", ...rest }, h(RouterLink, { to: path }, children));

export const Head = ({ place, children }) =>
  h(
    Flex,
    { align: "center", gap: 4, mb: 3, wrap: "wrap" },
    h(Heading, { size: "lg", as: "h1" }, "Trueup"),
    h(
      HStack,
      { as: "nav", gap: 1 },
      ...[["runs", "/plugin/trueup", "Runs"], ["nights", "/plugin/trueup/nights", "Reconciliation"]].map(
        ([key, path, title]) =>
          h(
            Button,
            { key, asChild: true, size: "sm", variant: place === key ? "solid" : "ghost", colorPalette: "brand" },
            h(RouterLink, { to: path, "aria-current": place === key ? "page" : undefined }, title),
          ),
      ),
    ),
    h(Box, { flex: 1 }),
    children,
  );

export const Section = ({ title, aside, children, ...rest }) =>
  h(
    Box,
    { borderWidth: 1, borderColor: "border", borderRadius: "md", bg: "bg", p: 4, mb: 4, minW: 0, ...rest },
    (title || aside) &&
      h(
        Flex,
        { align: "baseline", gap: 3, mb: 3, wrap: "wrap" },
        title && h(Heading, { size: "sm", as: "h2" }, title),
        aside && h(Text, { color: "fg.muted", fontSize: "xs" }, aside),
      ),
    children,
  );

export const Nothing = ({ children }) => h(Text, { color: "fg.muted", py: 2 }, children);

export const Waiting = ({ children }) =>
  h(HStack, { color: "fg.muted", py: 6, gap: 3 }, h(Spinner, { size: "sm" }), h(Text, null, children ?? "Reading …"));

export const Notice = ({ status = "info", title, children, ...rest }) =>
  h(
    Alert.Root,
    { status, mb: 3, size: "sm", alignItems: "start", ...rest },
    h(Alert.Indicator),
    h(
      Alert.Content,
      null,
      title && h(Alert.Title, null, title),
      children && h(Alert.Description, { as: "div", overflowWrap: "anywhere" }, children),
    ),
  );

export const Trouble = ({ error }) => (error ? h(Notice, { status: "error" }, error.message) : null);

// Systems that are not among what is shown, and why. One that is not there is no trouble.
export const Absent = ({ absent }) =>
  (absent ?? []).length === 0
    ? null
    : h(
        Fragment,
        null,
        ...absent
          .filter((each) => !each.missing)
          .map((each) => h(Notice, { key: each.system, status: "warning" }, each.sentence)),
        ...absent
          .filter((each) => each.missing)
          .map((each) => h(Text, { key: each.system, color: "fg.muted", fontSize: "xs", mb: 2 }, each.sentence)),
      );

export const Status = ({ run, size = "sm" }) =>
  h(
    HStack,
    { gap: 1, display: "inline-flex", wrap: "wrap" },
    h(Badge, { colorPalette: colourOf(run.status), size, variant: "subtle" }, plain(run.status)),
    run.dry_run && run.status !== "previewed" && h(Badge, { size, variant: "outline" }, "dry run"),
    run.stalled &&
      h(
        Badge,
        { colorPalette: "red", size, variant: "solid", title: `No sign of life since ${moment(run.last_seen_at)}` },
        `stalled for ${lasting(secondsSince(run.last_seen_at))}`,
      ),
  );

// A bar that says in words what it shows. `share` from 0 to 1; null: nobody knows yet.
export const Bar = ({ share, colour = "brand", label, height = "6px" }) =>
  h(
    Box,
    {
      role: "progressbar",
      "aria-label": label,
      "aria-valuenow": share === null ? undefined : Math.round(share * 100),
      "aria-valuemin": 0,
      "aria-valuemax": 100,
      bg: "bg.emphasized",
      borderRadius: "full",
      height,
      overflow: "hidden",
      width: "100%",
    },
    h(Box, {
      colorPalette: colour,
      bg: "colorPalette.solid",
      height: "100%",
      transition: "width .6s",
      width: `${Math.round((share ?? 0) * 1000) / 10}%`,
    }),
  );

export const Since = ({ time }) => h("span", { title: moment(time) }, ago(time));

// columns: {title, of(row), right?, wide?, mono?, fill?}; `fill` takes the room that others leave.
export const Grid = ({ columns, rows, keyOf, empty }) =>
  rows.length === 0
    ? h(Nothing, null, empty)
    : h(
        Box,
        { overflowX: "auto" },
        h(
          Table.Root,
          { size: "sm", variant: "line" },
          h(
            Table.Header,
            null,
            h(
              Table.Row,
              null,
              ...columns.map((column, at) =>
                h(
                  Table.ColumnHeader,
                  { key: at, textAlign: column.right ? "end" : "start", whiteSpace: "nowrap", color: "fg.muted" },
                  column.title,
                ),
              ),
            ),
          ),
          h(
            Table.Body,
            null,
            ...rows.map((row, number) =>
              h(
                Table.Row,
                { key: keyOf ? keyOf(row) : number },
                ...columns.map((column, at) =>
                  h(
                    Table.Cell,
                    {
                      key: at,
                      textAlign: column.right ? "end" : "start",
                      fontVariantNumeric: "tabular-nums",
                      fontFamily: column.mono ? "mono" : undefined,
                      fontSize: column.mono ? "xs" : undefined,
                      overflowWrap: column.wide ? "anywhere" : undefined,
                      whiteSpace: column.wide ? "pre-wrap" : "nowrap",
                      minW: column.wide ? "14rem" : undefined,
                      ...(column.fill && { width: "100%", maxW: 0 }),
                      verticalAlign: "top",
                    },
                    column.of(row),
                  ),
                ),
              ),
            ),
          ),
        ),
      );

export const Figure = ({ title, children, hint, tone }) =>
  h(
    Box,
    { minW: "6.5rem" },
    h(Text, { color: "fg.muted", fontSize: "xs" }, title),
    h(Text, { fontSize: "xl", fontWeight: "semibold", fontVariantNumeric: "tabular-nums", color: tone }, children),
    hint && h(Text, { color: "fg.muted", fontSize: "xs" }, hint),
  );

export const Pager = ({ back, forth, backWords = "Newer", forthWords = "Older" }) =>
  h(
    HStack,
    { mt: 3 },
    h(Button, { size: "xs", variant: "outline", disabled: !back, onClick: back ?? undefined }, backWords),
    h(Button, { size: "xs", variant: "outline", disabled: !forth, onClick: forth ?? undefined }, forthWords),
  );

export const isDark = () =>
  document.documentElement.classList.contains("dark") || document.documentElement.dataset.theme === "dark";
