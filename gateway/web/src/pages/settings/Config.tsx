// Every effective setting with the file and line it came from.
import type { JSX } from 'preact';
import { count } from '../../format';
import { useApi } from '../../hooks';
import { useQuery } from '../../router';
import { grouped, listOf, quoted } from '../../settings';
import type { Setting, Settings } from '../../settings';
import { shown } from '../../text';
import { Choice, Search } from '../../ui/controls';
import { Answered, Empty, Panel } from '../../ui/frame';
import { Table, type Column } from '../../ui/table';
import { Said } from '../../ui/text';

const SHOWN = 200; // rows drawn at once: a big fleet has a hundred thousand settings
const FROM = [['set', 'Set'], ['default', 'Default'], ['all', 'All']] as const;

function originOf(origin: string, config: string): string {
  const dir = config.slice(0, config.lastIndexOf('/') + 1);
  return dir && origin.startsWith(dir) ? origin.slice(dir.length) : origin;
}

// A name that has to wrap does so between its words.
function Key({ name }: { name: string }): JSX.Element {
  return <code><bdi>{shown(name, 200).split('.').flatMap((part, i) => (i ? ['.', <wbr key={i} />, part] : [part]))}</bdi></code>;
}

// A command as one would type it.
function Value({ value }: { value: string }): JSX.Element {
  const words = listOf(value);
  return words ? <code><Said text={words.map(quoted).join(' ')} max={600} lines={3} /></code>
    : <Said text={grouped(value) || '–'} max={600} lines={3} />;
}

function From({ origin, config }: { origin: string; config: string }): JSX.Element {
  return origin === 'default' ? <span class="muted">default</span>
    : <span title={origin}><Said text={originOf(origin, config)} max={200} /></span>;
}

const columnsOf = (config: string): Column<Setting>[] => [
  { key: 'key', head: 'Setting', cell: (s) => <><Key name={s.key} /><div class="phone-only muted note"><From origin={s.origin} config={config} /></div></>, sort: (s) => s.key },
  { key: 'value', head: 'Value', wide: true, cell: (s) => <Value value={s.value} /> },
  {
    key: 'origin', head: 'From', phone: false, sort: (s) => s.origin,
    cell: (s) => <From origin={s.origin} config={config} />,
  },
];

function Rows({ data, text, from }: { data: Settings; text: string; from: string }): JSX.Element {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = data.settings.filter((s) =>
    (from === 'all' || (s.origin === 'default') === (from === 'default'))
    && words.every((w) => `${s.key} ${s.value} ${s.origin}`.toLowerCase().includes(w)));
  if (found.length === 0)
    return <Empty command="man nova.yaml">No setting fits. What there is to set:</Empty>;
  return (
    <>
      <Table caption="Settings in force" rows={found.slice(0, SHOWN)} columns={columnsOf(data.config)} id={(s) => s.key} />
      {found.length > SHOWN ? <p class="panel-words muted">The first {count(SHOWN)} of {count(found.length)}: search for more words.</p> : null}
    </>
  );
}

export function ConfigView(): JSX.Element {
  const [query, change] = useQuery();
  // What was set is what one asks for first; who searches, searches everything.
  const text = query.get('q') ?? '';
  const from = FROM.find(([f]) => f === query.get('from'))?.[0] ?? (text ? 'all' : 'set');
  // The defaults of a thousand workers are megabytes: only who wants them waits for them.
  const asked = useApi<Settings>(from === 'set' ? '/config?set=true' : '/config');
  return (
    <Panel title="In force" flush note={asked.data ? <Said text={asked.data.config} max={200} /> : undefined} tools={(
      <>
        <Search label="Search name, value or file" value={text} change={(q) => change({ q })} />
        <Choice label="Where from" value={from} options={FROM} change={(f) => change({ from: f })} />
      </>
    )}>
      <Answered asked={asked} lines={10}>{(data) => <Rows data={data} text={text} from={from} />}</Answered>
    </Panel>
  );
}
