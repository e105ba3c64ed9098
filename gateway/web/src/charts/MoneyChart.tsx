// Money over time: bars that stand on each other, what went below zero, and lines over them.
// Amounts come as decimal strings; the readout and the table show them as they came.
import { useMemo } from 'preact/hooks';
import uPlot from 'uplot';
import { money, pixels } from '../format';
import { amountAxis, timeAxis, zoneDate } from './axis';
import { Plot, type PlotOptions } from './Plot';
import { Readout } from './readout';
import { negated, stack } from './stack';
import type { Colours, Tone } from './theme';
import { lines, rangeWithZero } from './zero';

export interface MoneyPoint {
  from: string; // RFC 3339
  label: string; // of the row, as the server names it
}

export interface MoneySeries {
  label: string;
  tone: Tone;
  amounts: (string | null)[]; // one for each point; null is a gap
  draw: 'bar' | 'below' | 'line'; // below: a bar under zero, of money that went
}

export interface MoneyChartProps {
  title: string;
  points: MoneyPoint[];
  series: MoneySeries[];
  totals: (string | null)[]; // of each series, from the server: sums are never made here
  currency: string;
  zone?: string | null;
  height?: number;
}

const isBar = (s: MoneySeries) => s.draw !== 'line';

// Bars are painted from the outermost layer to the innermost, each from zero: what is on top
// covers what it stands in front of.
function heights(series: MoneySeries[]): Map<MoneySeries, (number | null)[]> {
  const bars = series.filter(isBar);
  const stacked = stack(bars.map((s) =>
    s.amounts.map((a) => pixels(s.draw === 'below' ? negated(a) : a))));
  const made = new Map<MoneySeries, (number | null)[]>();
  bars.forEach((s, i) => made.set(s, stacked[i] ?? []));
  for (const s of series)
    if (!isBar(s))
      made.set(s, s.amounts.map(pixels));
  return made;
}

interface Layer {
  series: MoneySeries;
  halo: boolean; // the ground of a line, so that it is seen on bars of any colour
}

const painted = (series: MoneySeries[]): Layer[] => [
  ...series.filter(isBar).reverse().map((s) => ({ series: s, halo: false })),
  ...series.filter((s) => !isBar(s)).flatMap((s) => [{ series: s, halo: true }, { series: s, halo: false }]),
];

// Between two gaps there is no line: a point is all there is to see.
function lonely(u: uPlot, at: number): number[] {
  const values = u.data[at] ?? [];
  const missing = (i: number) => values[i] === null || values[i] === undefined;
  return Array.from(values.keys()).filter((i) => !missing(i) && missing(i - 1) && missing(i + 1));
}

function look(colours: Colours, { series: s, halo }: Layer): uPlot.Series {
  const colour = halo ? colours.surface : colours.tone(s.tone);
  if (isBar(s))
    return {
      label: s.label, fill: colour, width: 0, points: { show: false },
      paths: uPlot.paths.bars?.({ size: [0.8, 40] }) ?? (() => null),
    };
  return { label: s.label, stroke: colour, width: halo ? 5 : 2, spanGaps: false, points: { size: halo ? 9 : 5, width: 0, fill: colour, filter: lonely } };
}

// Columns stand in the middle of the time they are of, and the first and last get their whole room.
interface Columns {
  middles: number[];
  range: uPlot.Range.MinMax;
  row: number; // seconds
}

function columnsOf(points: MoneyPoint[]): Columns {
  const starts = points.map((at) => Date.parse(at.from) / 1000);
  const last = starts.length - 1;
  const usual = last > 0 ? (starts[last] ?? 0) - (starts[last - 1] ?? 0) : 3600; // that of a last row is not over
  const end = (starts[last] ?? 0) + usual;
  return { middles: starts.map((t, i) => (t + (starts[i + 1] ?? end)) / 2), range: [starts[0] ?? 0, end], row: usual };
}

function summaryOf(p: MoneyChartProps): string {
  const parts = p.series.map((s, i) => `${s.label.toLowerCase()} ${money(p.totals[i], p.currency)}`);
  return `${p.points.length} periods from ${p.points[0]?.label ?? '–'} to ${p.points[p.points.length - 1]?.label ?? '–'}: ${parts.join(', ')}.`;
}

function optionsOf(p: MoneyChartProps, columns: Columns): (colours: Colours) => PlotOptions {
  return (colours) => ({
    ...zoneDate(p.zone),
    scales: {
      x: { time: true, range: () => columns.range },
      y: { range: rangeWithZero() },
    },
    axes: [timeAxis(colours, columns.row), amountAxis(colours, p.currency)],
    series: [{}, ...painted(p.series).map((l) => look(colours, l))],
    hooks: lines(colours),
  });
}

export function MoneyChart(p: MoneyChartProps) {
  const columns = useMemo(() => columnsOf(p.points), [p.points]);
  const data = useMemo<uPlot.AlignedData>(() => {
    const made = heights(p.series);
    return [columns.middles, ...painted(p.series).map((l) => made.get(l.series) ?? [])];
  }, [columns, p.series]);
  return (
    <Plot
      title={p.title}
      summary={summaryOf(p)}
      {...(p.height ? { height: p.height } : {})}
      data={data}
      shape={JSON.stringify([p.zone, p.currency, columns.range, p.points.length,
        p.series.map((s) => [s.label, s.tone, s.draw])])}
      options={optionsOf(p, columns)}
      readout={(i) => (
        <Readout
          when={i === null ? 'Whole window' : p.points[i]?.label ?? '–'}
          items={p.series.map((s, n) => ({
            label: s.label, tone: s.tone,
            value: money(i === null ? p.totals[n] : s.amounts[i], p.currency),
          }))} />
      )}
      table={() => ({
        head: ['From', ...p.series.map((s) => s.label)],
        rows: p.points.map((at, i) => [at.label, ...p.series.map((s) => money(s.amounts[i], p.currency))]),
      })}
    />
  );
}
