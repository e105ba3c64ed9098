// A timeline as a chart: what came in above zero, what went below it, profit as a line.
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { MoneyChart, type MoneySeries } from '../../charts/MoneyChart';
import { signOf } from '../../format';
import type { Timeline } from '../../reports';
import { Empty } from '../../ui/frame';
import { sinceBegan, useBegan } from './began';

// The series, and the sums that the server made of the same rows.
function seriesOf(t: Timeline): { series: MoneySeries[]; totals: string[] } {
  const series: MoneySeries[] = [
    { label: 'Revenue', tone: 'revenue', draw: 'bar', amounts: t.rows.map((r) => r.revenue) },
    { label: 'Cost', tone: 'cost', draw: 'below', amounts: t.rows.map((r) => r.cost) },
    { label: 'Fees', tone: 'fees', draw: 'below', amounts: t.rows.map((r) => r.fees) },
    { label: 'Refunds', tone: 'refunds', draw: 'below', amounts: t.rows.map((r) => r.refunds) },
    { label: 'Disputes', tone: 'disputes', draw: 'below', amounts: t.rows.map((r) => r.disputes) },
    { label: 'Profit', tone: 'profit', draw: 'line', amounts: t.rows.map((r) => r.profit) },
  ];
  const totals = [t.total.revenue, t.total.cost, t.total.fees, t.total.refunds, t.total.disputes, t.total.profit];
  // What never happened in this window needs no place in the legend.
  const used = series.map((s, i) => s.draw !== 'below' || signOf(totals[i]) !== 0);
  return { series: series.filter((_, i) => used[i]), totals: totals.filter((_, i) => used[i]) };
}

export function PnlChart({ timeline: t, title, height }: { timeline: Timeline; title: string; height?: number }): JSX.Element {
  const points = useMemo(() => t.rows.map((r) => ({ from: r.from, label: r.key })), [t]);
  const began = useBegan();
  const { series, totals } = useMemo(() => {
    const made = seriesOf(t);
    return { ...made, series: sinceBegan(made.series, t.rows, began) };
  }, [t, began]);
  if (t.rows.length === 0)
    return <Empty>Nothing was booked in this window.</Empty>;
  return (
    <MoneyChart title={title} points={points} series={series} totals={totals} currency={t.currency} zone={t.zone}
      {...(height ? { height } : {})} />
  );
}
