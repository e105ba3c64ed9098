// The day's budget: what was spent so far, what will be by its end, and the limit.
import { useMemo } from 'preact/hooks';
import type uPlot from 'uplot';
import { clock, money, pixels } from '../format';
import { amountAxis, timeAxis, zoneDate } from './axis';
import { Plot } from './Plot';
import { Readout } from './readout';
import { faint, type Colours } from './theme';
import { lines, rangeWithZero } from './zero';

export interface BurnDownProps {
  title: string;
  currency: string;
  limit: string | null; // null: there is none
  burn: { at: string; spent: string }[]; // cumulative, oldest first
  now: string; // when `spent` was true
  spent: string;
  ends: string; // of the day
  forecast: { p10: string; p50: string; p90: string } | null; // spent at the end of the day
  zone?: string | null;
  height?: number;
}

interface Column {
  at: number;
  label: string;
  spent: string | null;
  p10: string | null;
  p50: string | null;
  p90: string | null;
}

// The forecast begins at what is spent now and is a cone up to the end of the day.
function columnsOf(p: BurnDownProps): Column[] {
  const now = Date.parse(p.now) / 1000;
  const f = p.forecast;
  const past = p.burn.filter((b) => Date.parse(b.at) / 1000 < now).map((b): Column => ({
    at: Date.parse(b.at) / 1000, label: clock(b.at), spent: b.spent, p10: null, p50: null, p90: null,
  }));
  const here = f ? p.spent : null;
  return [
    ...past,
    { at: now, label: 'now', spent: p.spent, p10: here, p50: here, p90: here },
    {
      at: Date.parse(p.ends) / 1000, label: 'end of the day', spent: null,
      p10: f?.p10 ?? null, p50: f?.p50 ?? null, p90: f?.p90 ?? null,
    },
  ];
}

function summaryOf(p: BurnDownProps): string {
  const of = p.limit === null ? ', no limit' : ` of ${money(p.limit, p.currency)}`;
  const then = p.forecast
    ? ` By the end of the day probably ${money(p.forecast.p50, p.currency)}, in 80 of 100 cases between ${money(p.forecast.p10, p.currency)} and ${money(p.forecast.p90, p.currency)}.`
    : ' Too little is known for a forecast.';
  return `${money(p.spent, p.currency)} spent today${of}.${then}`;
}

function seriesOf(colours: Colours): { series: uPlot.Series[]; bands: uPlot.Band[] } {
  const colour = colours.tone('cost');
  const none = { points: { show: false } };
  return {
    series: [
      {},
      { stroke: colour, width: 2, fill: faint(colour, 0.12), ...none },
      { stroke: 'transparent', width: 0, ...none },
      { stroke: 'transparent', width: 0, ...none },
      { stroke: colour, width: 1.5, dash: [4, 4], ...none },
    ],
    bands: [{ series: [2, 3], fill: faint(colour, 0.2) }],
  };
}

export function BurnDown(p: BurnDownProps) {
  const columns = useMemo(() => columnsOf(p), [p.burn, p.now, p.spent, p.ends, p.forecast]);
  const limit = pixels(p.limit);
  const data = useMemo<uPlot.AlignedData>(() => [
    columns.map((c) => c.at),
    columns.map((c) => pixels(c.spent)), columns.map((c) => pixels(c.p90)),
    columns.map((c) => pixels(c.p10)), columns.map((c) => pixels(c.p50)),
  ], [columns]);
  const first = columns[0]?.at ?? 0;
  const last = columns[columns.length - 1]?.at ?? 0;
  // A limit far above everything would press the day flat on the ground; it is told in words then.
  const top = Math.max(...columns.map((c) => pixels(c.p90 ?? c.spent) ?? 0));
  const near = limit !== null && (top === 0 || limit <= top * 4) ? limit : null;

  return (
    <Plot
      title={p.title}
      summary={summaryOf(p)}
      height={p.height ?? 180}
      data={data}
      shape={JSON.stringify([p.currency, p.zone, near, first, last])}
      options={(colours) => ({
        ...zoneDate(p.zone),
        ...seriesOf(colours),
        scales: { x: { time: true, range: () => [first, last] }, y: { range: rangeWithZero(near) } },
        axes: [timeAxis(colours), amountAxis(colours, p.currency)],
        hooks: lines(colours, near),
      })}
      readout={(i) => {
        const c = i === null ? null : columns[i];
        return (
          <Readout
            when={c ? c.label : 'Now'}
            items={[
              { label: 'Spent', tone: 'cost', value: money(c ? c.spent : p.spent, p.currency) },
              ...(p.limit === null ? [] : [{ label: 'Limit', tone: 'limit' as const, value: money(p.limit, p.currency) }]),
              ...(p.forecast ? [{ label: 'Expected by midnight', tone: 'profit' as const, value: money(p.forecast.p50, p.currency) }] : []),
            ]} />
        );
      }}
      table={() => ({
        head: ['Time', 'Spent', 'At least (10 %)', 'Expected', 'At most (90 %)'],
        rows: columns.map((c) => [c.label, ...[c.spent, c.p10, c.p50, c.p90].map((a) => money(a, p.currency))]),
      })}
    />
  );
}
