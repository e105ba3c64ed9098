// What a worker earned and spent: over time, by category, by source; and what it may spend.
import type { ComponentChildren, JSX } from 'preact';
import { Share } from '../../charts/Share';
import { withQuery } from '../../api';
import { money, percent, signOf } from '../../format';
import { useApi } from '../../hooks';
import type { Timeline } from '../../reports';
import { useQuery } from '../../router';
import { Choice } from '../../ui/controls';
import { Answered, Empty, Facts, Figure, Panel } from '../../ui/frame';
import { Money, Said } from '../../ui/text';
import { PnlChart } from '../money/PnlChart';
import type { Agent, Shares } from './shapes';

const WINDOWS = [['today', 'Today'], ['7d', '7 days'], ['30d', '30 days'], ['365d', 'Year']] as const;
type Window = (typeof WINDOWS)[number][0];
const STEP: Record<Window, string> = { today: 'hour', '7d': 'day', '30d': 'day', '365d': 'week' };
const AGAIN_MS = 20_000;

export function useWindow(): [Window, (w: Window) => void] {
  const [query, change] = useQuery();
  const wanted = query.get('period');
  return [WINDOWS.find(([w]) => w === wanted)?.[0] ?? '7d', (w) => change({ period: w === '7d' ? null : w })];
}

function Totals({ t }: { t: Timeline }): JSX.Element {
  const sign = signOf(t.total.profit);
  return (
    <div class="figures">
      <Figure label="Profit" tone={sign > 0 ? 'gain' : sign < 0 ? 'loss' : undefined} value={money(t.total.profit, t.currency, { plus: true })} />
      <Figure label="Revenue" value={money(t.total.revenue, t.currency)} />
      <Figure label="Refunds" value={money(t.total.refunds, t.currency)}
        sub={<span class="muted num">disputes {money(t.total.disputes, t.currency)}, fees {money(t.total.fees, t.currency)}</span>} />
      <Figure label="Cost" value={money(t.total.cost, t.currency)} />
      <Figure label="ROI" value={percent(t.total.roi_percent)} />
    </div>
  );
}

export function MoneyOverTime({ worker }: { worker: string }): JSX.Element {
  const [window, setWindow] = useWindow();
  const asked = useApi<Timeline>(withQuery('/timeline', { target: worker, period: window, by: STEP[window] }), AGAIN_MS);
  return (
    <Panel title="Profit and loss" tools={<Choice label="Window" value={window} options={WINDOWS} change={setWindow} />}>
      <Answered asked={asked} lines={8}>
        {(t) => <div class="stack"><Totals t={t} /><PnlChart timeline={t} title="Profit and loss" height={220} /></div>}
      </Answered>
    </Panel>
  );
}

function ShareRows({ shares, kind, none }: { shares: Shares; kind: 'cost' | 'revenue'; none: ComponentChildren }): JSX.Element {
  if (shares.rows.length === 0)
    return <p class="muted">{none}</p>;
  return (
    <ul class="shares">
      {shares.rows.map((r) => (
        <li key={r.key ?? ''}>
          <Said text={r.key ?? '(none)'} max={120} lines={1} />
          <Share percent={r.share_percent} label={r.key ?? 'none'} />
          <span class="num r"><Money amount={r[kind]} currency={shares.currency} /></span>
          <span class="num r muted">{percent(r.share_percent)}</span>
        </li>
      ))}
    </ul>
  );
}

export function CostsAndRevenue({ worker }: { worker: string }): JSX.Element {
  const [window] = useWindow();
  const costs = useApi<Shares>(withQuery('/costs', { target: worker, period: window, by: 'category', limit: 20 }), AGAIN_MS);
  const revenue = useApi<Shares>(withQuery('/revenue', { target: worker, period: window, by: 'source', limit: 20 }), AGAIN_MS);
  return (
    <div class="cols-2">
      <Panel title="Cost by category">
        <Answered asked={costs}>{(s) => <ShareRows shares={s} kind="cost" none="Nothing was spent in this window." />}</Answered>
      </Panel>
      <Panel title="Revenue by source">
        <Answered asked={revenue}>{(s) => <ShareRows shares={s} kind="revenue" none="Nothing was earned in this window." />}</Answered>
      </Panel>
    </div>
  );
}

export function Budgets({ agent }: { agent: Agent }): JSX.Element {
  const b = agent.budget;
  if (!b)
    return <Panel title="Budget"><Empty command="budget: {per_run: $0.50, daily: $10, total: $200}">No budget of its own; those of its group and of the fleet hold. In its file in workers.d/:</Empty></Panel>;
  const of = (spent: string | null, limit: string | null) => (
    <>{spent === null ? '' : <><Money amount={spent} currency={b.currency} /> of </>}{limit === null ? 'no limit' : <Money amount={limit} currency={b.currency} />}</>
  );
  return (
    <Panel title="Budget">
      <Facts rows={[['A run', of(null, b.per_run)], ['Today', of(b.spent_today, b.daily)], ['In all', of(b.spent_total, b.total)]]} />
    </Panel>
  );
}
