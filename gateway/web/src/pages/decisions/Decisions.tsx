// What Nova decided, what other thresholds would have decided, and whether what it stated came true.
import type { JSX } from 'preact';
import { useTitle } from '../../hooks';
import { PageHead } from '../../ui/frame';
import { useView, Views, type View } from '../../ui/views';
import { CalibrationView } from './Calibration';
import { DecisionListView } from './List';
import { SimulateView } from './Simulate';

const VIEWS: readonly View[] = [['list', 'Decisions'], ['simulate', 'Simulate'], ['calibration', 'Calibration']];

export function DecisionsPage(): JSX.Element {
  useTitle('Decisions');
  const view = useView(VIEWS);
  return (
    <>
      <PageHead title="Decisions" sub="Each with the figures it was made from, and what became of it" />
      <Views path="/decisions" views={VIEWS} label="Views of decisions" />
      {view === 'simulate' ? <SimulateView /> : view === 'calibration' ? <CalibrationView /> : <DecisionListView />}
    </>
  );
}
