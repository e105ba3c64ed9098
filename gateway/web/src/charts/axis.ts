// Axes. Ticks are round numbers that the chart has chosen, not amounts of the ledger: they are
// short on purpose, the exact amounts stand in the readout and in the table.
import uPlot from 'uplot';
import { moneyTicks } from '../format';
import type { Colours } from './theme';

const LETTER_PX = 6.4; // of the axis font, about

export function amountAxis(colours: Colours, currency: string): uPlot.Axis {
  return {
    stroke: colours.muted,
    font: colours.font,
    grid: { stroke: colours.grid, width: 1 },
    ticks: { show: false },
    gap: 6,
    space: 36,
    size: (_u, values) => 12 + LETTER_PX * Math.max(3, ...(values ?? []).map((v) => v.length)),
    values: (_u, splits) => moneyTicks(splits, currency),
  };
}

const HOUR = 3600;
const DAY = 24 * HOUR;
const MONTH = 30 * DAY;
const YEAR = 365 * DAY;
const STEPS = [
  1, 5, 10, 15, 30, 60, 300, 600, 900, 1800, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY, 7 * DAY,
  14 * DAY, MONTH, 2 * MONTH, 3 * MONTH, 6 * MONTH, YEAR, 2 * YEAR, 5 * YEAR,
];

// `row` is how long a row is, in seconds: no tick stands between two rows. Months and years are
// not all as long as each other.
export function timeAxis(colours: Colours, row = 1): uPlot.Axis {
  return {
    incrs: STEPS.filter((step) => step >= row * 0.9),
    stroke: colours.muted,
    font: colours.font,
    grid: { show: false },
    ticks: { stroke: colours.grid, width: 1, size: 4 },
    gap: 4,
    size: 42,
    space: 64,
    values: [
      // step, format, then what stands below where a year, month, day ... begins
      [3600 * 24 * 365, '{YYYY}', null, null, null, null, null, null, 1],
      [3600 * 24 * 28, '{MMM}', '\n{YYYY}', null, null, null, null, null, 1],
      [3600 * 24, '{D} {MMM}', '\n{YYYY}', null, null, null, null, null, 1],
      [60, '{HH}:{mm}', '\n{D} {MMM}', null, '\n{D} {MMM}', null, null, null, 1],
      [1, '{HH}:{mm}:{ss}', '\n{D} {MMM}', null, '\n{D} {MMM}', null, null, null, 1],
    ],
  };
}

// Dates on the axis are those of the fleet's time zone, in which its days begin.
export function zoneDate(zone: string | null | undefined): { tzDate?: (ts: number) => Date } {
  if (!zone)
    return {};
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone });
    return { tzDate: (ts) => uPlot.tzDate(new Date(ts * 1e3), zone) };
  } catch {
    return {}; // a zone that this browser does not know: its own
  }
}
