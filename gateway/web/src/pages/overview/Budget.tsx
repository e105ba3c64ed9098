// How long the day's money lasts.
import type { JSX } from 'preact';
import { BurnDown } from '../../charts/BurnDown';
import { clock, money, nanos, percent } from '../../format';
import type { Overview } from '../../types';
import { Empty, Panel } from '../../ui/frame';
import { Ago, Link } from '../../ui/text';

export function BudgetPanel({ o }: { o: Overview }): JSX.Element {
  const b = o.budget;
  if (!b)
    return <Panel title="Budget today"><p class="muted">Not known: the engine does not answer.</p></Panel>;
  const limited = (nanos(b.daily) ?? 0n) > 0n;
  const out = b.forecast?.exhausted_at;
  return (
    <Panel title="Budget today" tools={<Link href="/money">Money</Link>}
      note={limited ? `${percent(b.percent_used)} of ${money(b.daily, o.currency)} used` : 'no limit is set'}>
      {limited ? (
        <p class="budget-line">
          <b class="num">{money(b.remaining, o.currency)}</b> left
          {(nanos(b.reserved) ?? 0n) > 0n ? <>, <span class="num">{money(b.reserved, o.currency)}</span> of the rest reserved</> : null}
          {out ? <span class="loss">, runs out at about <b class="num">{clock(out)}</b></span>
            : b.forecast ? ', lasts the day' : null}
          <span class="muted">; a new day begins <Ago time={b.resets_at} /></span>
        </p>
      ) : <Empty command="max_daily_budget: $100">What the fleet may spend in a day is a setting:</Empty>}
      <BurnDown title="Spent today" currency={o.currency} limit={limited ? b.daily : null} burn={b.burn} now={o.as_of}
        spent={b.spent} ends={b.resets_at} forecast={b.forecast} height={170} />
    </Panel>
  );
}
