// What was booked about a worker, newest first, as it comes.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { withQuery } from '../../api';
import { useApi } from '../../hooks';
import { onEvents } from '../../stream';
import type { EventRow } from '../../types';
import { Answered, Empty, Panel } from '../../ui/frame';
import { Table } from '../../ui/table';
import type { Column } from '../../ui/table';
import { Clock, Money, Said } from '../../ui/text';

const KEPT = 200;

const COLUMNS: Column<EventRow>[] = [
  { key: 'at', head: 'When', cell: (e) => <Clock time={e.at} seconds /> },
  { key: 'seq', head: 'Number', right: true, phone: false, cell: (e) => e.seq },
  { key: 'kind', head: 'Kind', cell: (e) => e.kind.replace(/_/g, ' ') },
  { key: 'amount', head: 'Amount', right: true, cell: (e) => (e.amount === undefined ? '' : <Money amount={e.amount} currency={e.currency} />) },
  { key: 'what', head: 'What it said', wide: true, cell: (e) => <Said text={e.note ?? e.source ?? e.category ?? e.line ?? ''} max={600} lines={2} /> },
];

// Both what was there and what comes, each once.
function merged(first: EventRow[], live: EventRow[]): EventRow[] {
  const by = new Map([...first, ...live].map((e) => [e.seq, e]));
  return [...by.values()].sort((a, b) => b.seq - a.seq).slice(0, KEPT);
}

export function EventsView({ worker }: { worker: string }): JSX.Element {
  const asked = useApi<{ events: EventRow[] }>(withQuery('/events', { worker, limit: 100 }));
  const [live, setLive] = useState<EventRow[]>([]);
  useEffect(() => {
    setLive([]);
    return onEvents(worker, (rows) => setLive((have) => [...have, ...rows].slice(-KEPT)));
  }, [worker]);
  return (
    <Panel title="Events" note="newest first, live" flush>
      <Answered asked={asked} lines={6}>
        {(d) => {
          const rows = merged(d.events, live);
          return rows.length ? <Table caption="Events of this worker" rows={rows} columns={COLUMNS} id={(e) => e.seq} />
            : <Empty command={'echo \'{"event":"cost","amount":"0.02"}\' >&3'}>It has said nothing yet. What it costs and earns it writes to descriptor 3:</Empty>;
        }}
      </Answered>
    </Panel>
  );
}
