// The book itself: whether it is whole, what was refused, what is written into it now.
import type { JSX } from 'preact';
import { useTitle } from '../../hooks';
import { PageHead } from '../../ui/frame';
import { useView, Views, type View } from '../../ui/views';
import { EventsView } from './Events';
import { HealthView } from './Health';
import { QuarantineView } from './Quarantine';
import { StreamsView } from './Streams';
import { WebhooksView } from './Webhooks';

const VIEWS: readonly View[] = [
  ['health', 'Health'], ['events', 'Events'], ['quarantine', 'Quarantine'], ['streams', 'Streams'], ['webhooks', 'Webhooks'],
];
const PARTS: Record<string, () => JSX.Element> = {
  health: HealthView, events: EventsView, quarantine: QuarantineView, streams: StreamsView, webhooks: WebhooksView,
};

export function LedgerPage(): JSX.Element {
  useTitle('Ledger');
  const Part = PARTS[useView(VIEWS)] ?? HealthView;
  return (
    <>
      <PageHead title="Ledger" sub="Double entry, hash chained; nothing in it is ever edited" />
      <Views path="/ledger" views={VIEWS} label="Views of the ledger" />
      <Part />
    </>
  );
}
