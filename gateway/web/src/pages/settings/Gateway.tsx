// The gateway about itself.
import type { JSX } from 'preact';
import { count, duration } from '../../format';
import { useApi } from '../../hooks';
import type { GatewayState } from '../../ledger';
import { Answered, Facts, Panel } from '../../ui/frame';
import { Link, Said, State } from '../../ui/text';

export function GatewayView(): JSX.Element {
  const asked = useApi<GatewayState>('/gateway', 10_000);
  return (
    <Panel title="Gateway" note={<Link href="/ledger?view=webhooks">its webhooks</Link>}>
      <Answered asked={asked} lines={6}>
        {(g) => (
          <Facts rows={[
            ['State', <State state={g.ready ? 'ready' : 'failed'} label={g.ready ? 'ready' : 'the engine does not answer'} />],
            ['Address', <><code><Said text={g.address} max={200} /></code> {g.tls ? '(TLS)' : '(no TLS)'}</>],
            ['Up', <span class="num">{duration(g.uptime_s)}</span>],
            ['Connections', <span class="num">{count(g.connections)} now, {count(g.accepted)} so far, {count(g.turned_away)} turned away</span>],
            ['Answers', <span class="num">{Object.entries(g.answers).map(([code, n]) => `${code}: ${count(n)}`).join(' · ') || '–'}</span>],
            ['Webhooks under way', <span class="num">{count(g.under_way)}</span>],
            ['Bodies kept', <span class="num">{count(g.bodies_kept)}{g.bodies_lost ? `, ${count(g.bodies_lost)} could not be kept` : ''}</span>],
          ]} />
        )}
      </Answered>
    </Panel>
  );
}
