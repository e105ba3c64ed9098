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

const painted = (series: MoneySeries[]): MoneySeries[] =>
  [...series.filter(isBar).reverse(), ...series.filter((s) => !isBar(s))];

function look(colours: Colours, s: MoneySeries): uPlot.Series {
  const colour = colours.tone(s.tone);
  if (isBar(s))
    return {
      label: s.label, fill: colour, width: 0, points: { show: false },
      paths: uPlot.paths.bars?.({ size: [0.72, 44], align: 1, gap: 1 }) ?? (() => null),
    };
  return { label: s.label, stroke: colour, width: 2, points: { show: false }, spanGaps: false };
}

// A last bar begins where the last row begins and needs the room of a row behind it.
function xRange(times: number[]): uPlot.Range.MinMax {
  const first = times[0] ?? 0;
  const last = times[times.length - 1] ?? first;
  const before = times[times.length - 2];
  return [first, last + (before === undefined ? 3600 : last - before)];
}

function summaryOf(p: MoneyChartProps): string {
  const parts = p.series.map((s, i) => `${s.label.toLowerCase()} ${money(p.totals[i], p.currency)}`);
  return `${p.points.length} periods from ${p.points[0]?.label ?? '–'} to ${p.points[p.points.length - 1]?.label ?? '–'}: ${parts.join(', ')}.`;
}

function optionsOf(p: MoneyChartProps, times: number[]): (colours: Colours) => PlotOptions {
  return (colours) => ({
    ...zoneDate(p.zone),
    scales: {
      x: { time: true, range: () => xRange(times) },
      y: { range: rangeWithZero() },
    },
    axes: [timeAxis(colours), amountAxis(colours, p.currency)],
    series: [{}, ...painted(p.series).map((s) => look(colours, s))],
    hooks: lines(colours),
  });
}

export function MoneyChart(p: MoneyChartProps) {
  const times = p.points.map((at) => Date.parse(at.from) / 1000);
  const data = useMemo<uPlot.AlignedData>(() => {
    const made = heights(p.series);
    return [times, ...painted(p.series).map((s) => made.get(s) ?? [])];
  }, [p.points, p.series]);
  return (
    <Plot
      title={p.title}
      summary={summaryOf(p)}
      {...(p.height ? { height: p.height } : {})}
      data={data}
      shape={JSON.stringify([p.zone, p.currency, times[0], times[times.length - 1], times.length,
        p.series.map((s) => [s.label, s.tone, s.draw])])}
      options={optionsOf(p, times)}
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
