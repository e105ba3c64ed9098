// Is it making money? Profit of three windows, each against the one before it.
import type { JSX } from 'preact';
import { Sparkline } from '../../charts/Sparkline';
import { money, nanos, percent, signOf } from '../../format';
import type { Figures, Overview } from '../../types';
import { Figure, Panel } from '../../ui/frame';
import { compare } from '../../compare';
import { Delta } from '../../ui/text';

function Window({ name, now, before, than, currency, hours }: {
  name: string; now: Figures; before: Figures | undefined; than: string; currency: string; hours?: JSX.Element | null;
}): JSX.Element {
  const sign = signOf(now.profit);
  return (
    <div class="window">
      <Figure label={`Profit ${name}`} tone={sign > 0 ? 'gain' : sign < 0 ? 'loss' : undefined}
        value={money(now.profit, currency, { plus: true })}
        sub={before ? <Delta now={now.profit} before={before.profit} currency={currency} than={than} /> : null} />
      {hours}
      <p class="muted note">
        <span class="num">{money(now.net_revenue, currency)}</span> earned,{' '}
        <span class="num">{money(now.cost, currency)}</span> spent
        {now.roi_percent !== null ? <>, ROI <span class="num">{percent(now.roi_percent)}</span></> : null}
      </p>
    </div>
  );
}

// The last day by the hour, with what its highest and lowest hour were.
function Hours({ profits, currency }: { profits: string[]; currency: string }): JSX.Element {
  const by = [...profits].sort((a, b) => compare(nanos(a), nanos(b)));
  const scale = `${money(by[0], currency)} to ${money(by[by.length - 1], currency)} an hour`;
  return (
    <figure class="hours" title={`Profit by hour, last 24 h: ${scale}`}>
      <Sparkline values={profits} label={`Profit by hour, last 24 h, ${scale}`} />
      <figcaption class="muted num">24 h by hour</figcaption>
    </figure>
  );
}

export function MoneyPanel({ o }: { o: Overview }): JSX.Element {
  if (!o.money)
    return (
      <Panel title="Profit"><p class="muted">Not known: the engine, which keeps the ledger, does not answer.</p></Panel>
    );
  const hours = o.hours?.length ? <Hours profits={o.hours.map((h) => h.profit)} currency={o.currency} /> : null;
  return (
    <section class="panel windows" aria-label="Profit">
      <Window name="today" now={o.money.today} before={o.previous?.today} than="yesterday by now" currency={o.currency} hours={hours} />
      <Window name="7 days" now={o.money.week} before={o.previous?.week} than="the 7 days before" currency={o.currency} />
      <Window name="30 days" now={o.money.month} before={o.previous?.month} than="the 30 days before" currency={o.currency} />
    </section>
  );
}
