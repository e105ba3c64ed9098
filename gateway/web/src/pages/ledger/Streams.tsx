// What each worker has said, and what is wrong with it.
import type { JSX } from 'preact';
import { count, nanos } from '../../format';
import { useApi } from '../../hooks';
import type { Quality } from '../../ledger';
import { Answered, Empty, Figure, Panel } from '../../ui/frame';
import { Table, type Column } from '../../ui/table';
import { Link, Money, WorkerLink } from '../../ui/text';

type Row = Quality['workers'][number];

const columns = (currency: string): Column<Row>[] => [
  { key: 'worker', head: 'Worker', cell: (r) => <WorkerLink name={r.worker} />, sort: (r) => r.worker },
  { key: 'events', head: 'Events', right: true, cell: (r) => count(r.events), sort: (r) => r.events },
  {
    key: 'quarantined', head: 'Refused', right: true, sort: (r) => r.quarantined,
    cell: (r) => (r.quarantined ? <Link href={`/ledger?view=quarantine&worker=${encodeURIComponent(r.worker)}`}>{count(r.quarantined)}</Link> : '0'),
  },
  { key: 'unmatched', head: 'Refunds with no sale', right: true, phone: false, cell: (r) => count(r.unmatched), sort: (r) => r.unmatched },
  { key: 'uncleared', head: 'Not cleared', right: true, phone: false, cell: (r) => <Money amount={r.uncleared} currency={currency} />, sort: (r) => nanos(r.uncleared) },
];

export function StreamsView(): JSX.Element {
  const asked = useApi<Quality>('/quality', 30_000);
  return (
    <div class="stack">
      <Answered asked={asked} lines={8}>
        {(q) => (
          <>
            <Panel title="All of them">
              <div class="figures">
                <Figure label="Events" value={count(q.events)} />
                <Figure label="Refused lines" value={count(q.quarantined)} />
                <Figure label="Refunds and disputes with no sale" value={count(q.unmatched)} />
              </div>
            </Panel>
            <Panel title="By worker" note={`not cleared: longer than ${q.older_than_days} days at a platform`} flush>
              {q.workers.length === 0 ? <Empty>No worker has said anything yet.</Empty>
                : <Table caption="Events by worker" rows={q.workers} columns={columns(q.currency)} id={(r) => r.worker} sortBy="-events" limit={100} />}
            </Panel>
          </>
        )}
      </Answered>
    </div>
  );
}
