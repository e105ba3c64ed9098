// How its instances ended: when, why, after how long, what was done about it.
import type { JSX } from 'preact';
import { segment, withQuery } from '../../api';
import { bytes, duration } from '../../format';
import { useApi } from '../../hooks';
import { logLine } from '../../text';
import { Answered, Empty, Facts, Panel } from '../../ui/frame';
import { Ago, Clock, Money, Said, State } from '../../ui/text';
import type { Crashes, Death } from './shapes';

function causeOf(d: Death): string {
  const how = d.signal !== null && d.signal !== undefined ? `signal ${d.signal}` : d.exit_code !== null ? `exit ${d.exit_code}` : '';
  return [d.cause.replace(/_/g, ' '), how].filter(Boolean).join(', ');
}

function Story({ d }: { d: Death }): JSX.Element {
  const rows: [string, JSX.Element | string][] = [['What', <Said text={d.what} max={600} />]];
  if (d.detail)
    rows.push(['Detail', <Said text={d.detail} max={600} />]);
  if (d.by)
    rows.push(['Asked for by', <Said text={d.by} max={120} />]);
  if (d.did)
    rows.push(['Then', <Said text={d.did} max={600} />]);
  if (d.advice)
    rows.push(['Hint', <Said text={d.advice} max={600} />]);
  if (d.memory_peak_bytes)
    rows.push(['Memory', `${bytes(d.memory_peak_bytes)} at most${d.memory_limit_bytes ? ` of ${bytes(d.memory_limit_bytes)}` : ''}`]);
  if (d.before)
    rows.push(['It had', (
      <>
        {d.before.runs_ok} good and {d.before.runs_failed} failed runs, cost <Money amount={d.before.cost} currency={d.before.currency} />,
        earned <Money amount={d.before.revenue} currency={d.before.currency} />
      </>
    )]);
  if (d.before?.last_status)
    rows.push(['Last status', <Said text={d.before.last_status} max={400} />]);
  return (
    <div class="stack">
      <Facts rows={rows} />
      {d.lines?.length ? <pre class="lines-box" tabIndex={0} aria-label="Its last lines">{d.lines.map(logLine).join('\n')}</pre> : null}
    </div>
  );
}

export function CrashesView({ worker }: { worker: string }): JSX.Element {
  const asked = useApi<Crashes>(withQuery(`/workers/${segment(worker)}/crashes`, { last: 20 }), 15_000);
  return (
    <Panel title="How its instances ended" note="newest first; open one for its story">
      <Answered asked={asked} lines={6}>
        {(c) => (c.deaths.length === 0 ? <Empty>None of its instances has ended yet.</Empty> : (
          <ul class="deaths">
            {[...c.deaths].sort((a, b) => b.seq - a.seq).map((d) => (
              <li key={d.seq}>
                <details>
                  <summary>
                    <Clock time={d.at} seconds />
                    <span class="muted"><Ago time={d.at} /></span>
                    <span class="num">#{d.instance}.{d.generation}</span>
                    <State state={d.crash ? 'crashed' : 'stopped'} label={causeOf(d)} />
                    <span class="muted">after {duration(d.uptime_s)}</span>
                  </summary>
                  <Story d={d} />
                </details>
              </li>
            ))}
          </ul>
        ))}
      </Answered>
    </Panel>
  );
}
