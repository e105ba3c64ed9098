// Were the stated probabilities true? Of statements of "80 %", 80 of 100 have to come true.
import type { JSX } from 'preact';
import { Reliability } from '../../charts/Reliability';
import { count, percent, words } from '../../format';
import { useApi } from '../../hooks';
import type { Calibration } from '../../records';
import { Answered, Empty, Facts, Figure, Panel } from '../../ui/frame';
import { Table, type Column } from '../../ui/table';
import { State } from '../../ui/text';

type Bin = Calibration['bins'][number];
const share = (p: number): string => percent(p * 100);

const COLUMNS: Column<Bin>[] = [
  { key: 'range', head: 'Stated between', cell: (b) => `${percent(b.from * 100, 0)} and ${percent(b.to * 100, 0)}` },
  { key: 'claims', head: 'Statements', right: true, cell: (b) => count(b.claims) },
  { key: 'stated', head: 'On average', right: true, phone: false, cell: (b) => share(b.stated) },
  { key: 'rate', head: 'Came true', right: true, cell: (b) => share(b.rate) },
  { key: 'chance', head: 'By chance alone', right: true, phone: false, cell: (b) => `${percent(b.low * 100, 0)} to ${percent(b.high * 100, 0)}` },
  { key: 'agrees', head: 'Agrees', cell: (b) => <State state={b.agrees ? 'ok' : 'failed'} label={b.agrees ? 'yes' : 'no'} /> },
];

function Whole({ c }: { c: Calibration }): JSX.Element {
  if (c.claims === 0)
    return (
      <Empty command="novactl decisions calibration">
        Nothing that was stated can be judged yet: {count(c.waiting)} statements wait for their time to pass,
        and {count(c.needed)} are needed for a verdict.
      </Empty>
    );
  return (
    <div class="main-side">
      <Table caption="Statements by stated probability" rows={c.bins} columns={COLUMNS} id={(b) => b.from} />
      <div class="padded"><Reliability bins={c.bins} /></div>
    </div>
  );
}

export function CalibrationView(): JSX.Element {
  const asked = useApi<Calibration>('/calibration');
  return (
    <div class="stack">
      <Answered asked={asked}>
        {(c) => (
          <>
            <Panel title="Are the probabilities true?" note="of statements that are 80% sure, 80 of 100 have to come true">
              <div class="stack">
                <div class="figures">
                  <Figure label="Verdict" value={words(c.verdict)} sub={c.claims < c.needed ? `${c.claims} of ${c.needed} statements needed` : undefined} />
                  <Figure label="Stated on average" value={c.claims ? share(c.stated) : '–'} />
                  <Figure label="Came true" value={c.claims ? share(c.rate) : '–'} sub={`${count(c.came_true)} of ${count(c.claims)}`} />
                </div>
                <Facts rows={[
                  ['Waiting', `${count(c.waiting)} statements whose time has not passed`],
                  ['Not measurable', count(c.not_measurable)],
                  ['Brier score', c.claims ? `${c.brier.toFixed(3)} (0 is perfect; always stating the average would have ${c.brier_base.toFixed(3)})` : '–'],
                ]} />
              </div>
            </Panel>
            <Panel title="Stated and true" flush={c.claims > 0}><Whole c={c} /></Panel>
          </>
        )}
      </Answered>
    </div>
  );
}
