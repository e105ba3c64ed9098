// What tokens of language models cost: which vendors the table knows, and one model in full.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { withQuery } from '../../api';
import { count } from '../../format';
import { useApi } from '../../hooks';
import { Answered, Panel } from '../../ui/frame';
import { Table, type Column } from '../../ui/table';
import { Clock, Said } from '../../ui/text';
import { Values } from '../../ui/values';

interface Prices {
  providers: { provider: string; models: number }[];
  models: number;
  table: string;
  currency: string;
  at: string;
}

type Provider = Prices['providers'][number];

const COLUMNS: Column<Provider>[] = [
  { key: 'provider', head: 'Vendor', cell: (p) => <Said text={p.provider} max={100} />, sort: (p) => p.provider },
  { key: 'models', head: 'Models', right: true, cell: (p) => count(p.models), sort: (p) => p.models },
];

function Model({ currency }: { currency: string }): JSX.Element {
  const [typed, setTyped] = useState('');
  const [model, setModel] = useState('');
  const asked = useApi<Record<string, unknown>>(model ? withQuery('/prices', { model }) : null);
  return (
    <>
      <form class="row" onSubmit={(e) => {
        e.preventDefault();
        setModel(typed.trim());
      }}>
        <input type="search" class="search" aria-label="Model" placeholder="Model, as its vendor names it" value={typed} maxLength={128}
          onInput={(e) => setTyped(e.currentTarget.value)} />
        <button type="submit" class="btn" disabled={!typed.trim()}>Look up</button>
      </form>
      {model ? <Answered asked={asked}>{(m) => <Values of={m} currency={currency} />}</Answered> : null}
    </>
  );
}

export function PricesView(): JSX.Element {
  const asked = useApi<Prices>('/prices');
  return (
    <Answered asked={asked} lines={8}>
      {(p) => (
        <div class="main-side">
          <Panel title="Vendors" flush note={<>{count(p.models)} models in <Said text={p.table} max={200} />, as of <Clock time={p.at} /></>}>
            <Table caption="Vendors in the price table" rows={p.providers} columns={COLUMNS} id={(x) => x.provider} sortBy="-models" />
          </Panel>
          <Panel title="One model"><div class="stack"><Model currency={p.currency} /></div></Panel>
        </div>
      )}
    </Answered>
  );
}
