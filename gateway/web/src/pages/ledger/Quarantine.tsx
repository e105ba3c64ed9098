// Lines that were no valid events: kept with the reason, and never counted as money.
import type { JSX } from 'preact';
import { withQuery } from '../../api';
import { bytes, count } from '../../format';
import { useApi } from '../../hooks';
import type { Refused } from '../../ledger';
import { useQuery } from '../../router';
import { WorkerField } from '../../ui/field';
import { Answered, Empty, Panel } from '../../ui/frame';
import { Table, type Column } from '../../ui/table';
import { Clock, Said, WorkerLink } from '../../ui/text';

const COLUMNS: Column<Refused>[] = [
  { key: 'at', head: 'When', cell: (r) => <Clock time={r.at} seconds />, sort: (r) => r.seq },
  { key: 'worker', head: 'Worker', cell: (r) => (r.worker ? <WorkerLink name={r.worker} /> : '–'), sort: (r) => r.worker },
  { key: 'reason', head: 'Why it was refused', wide: true, cell: (r) => <Said text={r.reason} max={400} /> },
  { key: 'line', head: 'Line', wide: true, phone: false, cell: (r) => <code><Said text={r.line} max={1000} lines={2} /></code> },
  { key: 'bytes', head: 'Bytes', right: true, phone: false, cell: (r) => bytes(r.bytes), sort: (r) => r.bytes },
];

const LIMIT = 200;

export function QuarantineView(): JSX.Element {
  const [query, change] = useQuery();
  const worker = query.get('worker') ?? '';
  const asked = useApi<{ quarantine: Refused[] }>(withQuery('/quarantine', { worker, limit: LIMIT }), 15_000);
  const rows = asked.data?.quarantine ?? [];
  return (
    <Panel title="Quarantine" flush note={rows.length >= LIMIT ? `the newest ${count(LIMIT)}` : undefined}
      tools={<WorkerField label="One worker" value={worker} change={(w) => change({ worker: w })} />}>
      <Answered asked={asked} lines={6}>
        {() => rows.length === 0
          ? <Empty command="man nova-protocol">No line was refused. What a valid event line looks like:</Empty>
          : <Table caption="Refused lines" rows={rows} columns={COLUMNS} id={(r) => r.seq} limit={50} />}
      </Answered>
    </Panel>
  );
}
