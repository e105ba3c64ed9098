// What vendors told the gateway: taken, refused and why, and the newest of them.
import type { JSX } from 'preact';
import { withQuery } from '../../api';
import { count } from '../../format';
import { useApi } from '../../hooks';
import type { GatewayState, LedgerState, WebhookRow, WebhookSource } from '../../ledger';
import { Answered, Empty, Panel } from '../../ui/frame';
import { Table, type Column } from '../../ui/table';
import { Ago, Clock, Said, State } from '../../ui/text';

const LOOKED_BACK = 20_000; // events: as far as one question looks

const refusals = (s: WebhookSource): string =>
  Object.entries(s.refused).filter(([, n]) => n > 0).map(([why, n]) => `${count(n)} ${why.replace(/_/g, ' ')}`).join(', ');

const SOURCES: Column<WebhookSource>[] = [
  { key: 'provider', head: 'From', cell: (s) => <Said text={s.provider} max={64} />, sort: (s) => s.provider },
  { key: 'accepted', head: 'Taken', right: true, cell: (s) => count(s.accepted), sort: (s) => s.accepted },
  { key: 'events', head: 'Events', right: true, cell: (s) => count(s.events), sort: (s) => s.events },
  { key: 'last', head: 'Last', cell: (s) => <Ago time={s.last} /> },
  { key: 'unread', head: 'Not understood', right: true, phone: false, cell: (s) => count(s.unread), sort: (s) => s.unread },
  { key: 'bad', head: 'Bad', right: true, phone: false, cell: (s) => count(s.bad), sort: (s) => s.bad },
  { key: 'refused', head: 'Refused', wide: true, cell: (s) => (refusals(s) ? <State state="warning" label={refusals(s)} /> : '–') },
];

const NEWEST: Column<WebhookRow>[] = [
  { key: 'at', head: 'When', cell: (w) => <Clock time={w.at} seconds />, sort: (w) => w.seq },
  { key: 'provider', head: 'From', cell: (w) => <Said text={w.provider} max={64} /> },
  { key: 'type', head: 'What', cell: (w) => <Said text={w.type ?? '–'} max={100} /> },
  { key: 'object', head: 'About', cell: (w) => <Said text={w.object ?? '–'} max={100} lines={1} />, phone: false },
  { key: 'agent', head: 'For', cell: (w) => <Said text={w.agent ?? w.worker ?? '–'} max={64} />, phone: false },
  { key: 'note', head: 'Note', wide: true, cell: (w) => <Said text={w.note ?? ''} max={300} lines={2} />, phone: false },
];

function Newest({ events }: { events: number }): JSX.Element {
  const since = Math.max(1, events - LOOKED_BACK);
  const asked = useApi<{ webhooks: WebhookRow[] }>(withQuery('/webhooks', { since_seq: since, limit: 1000 }));
  return (
    <Answered asked={asked}>
      {(w) => w.webhooks.length === 0
        ? <Empty command="man nova.yaml">None among the last {count(LOOKED_BACK)} events. Webhooks are set up under gateway: in nova.yaml:</Empty>
        : <Table caption="Newest webhooks" rows={[...w.webhooks].reverse().slice(0, 100)} columns={NEWEST} id={(r) => r.seq} />}
    </Answered>
  );
}

export function WebhooksView(): JSX.Element {
  const gateway = useApi<GatewayState>('/gateway', 10_000);
  const ledger = useApi<LedgerState>('/ledger');
  return (
    <div class="stack">
      <Panel title="By sender" note="since the gateway was started" flush>
        <Answered asked={gateway}>
          {(g) => g.webhooks.length === 0 ? <Empty>No sender is set up.</Empty>
            : <Table caption="Webhooks by sender" rows={g.webhooks} columns={SOURCES} id={(s) => s.provider} />}
        </Answered>
      </Panel>
      <Panel title="Newest" flush>
        <Answered asked={ledger}>{(l) => <Newest events={l.stats?.events ?? 0} />}</Answered>
      </Panel>
    </div>
  );
}
