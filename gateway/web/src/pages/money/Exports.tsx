// Everything for another program: the browser downloads it, the server streams it.
import type { JSX } from 'preact';
import { url, withQuery } from '../../api';
import { Panel } from '../../ui/frame';
import { useWindow, WindowChoice } from './window';

const LEDGER = [
  ['csv', 'CSV', 'one row an event, for a spreadsheet'],
  ['json', 'JSON', 'one object an event, complete and exact'],
  ['hledger', 'hledger', 'a journal: check our sums with another program'],
  ['beancount', 'Beancount', 'the same for Beancount'],
] as const;

function Download({ name, what, href }: { name: string; what: string; href: string }): JSX.Element {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="muted">{what}</td>
      <td class="r"><a class="btn small" href={href} download aria-label={`Download: ${name}, ${what}`}>Download</a></td>
    </tr>
  );
}

export function ExportsView(): JSX.Element {
  const window = useWindow();
  return (
    <div class="stack">
      <Panel title="Whole ledger" note="every event, exact; in a terminal: novactl ledger export" flush>
        <table class="exports">
          <caption class="hidden">The ledger in other formats</caption>
          <tbody>
            {LEDGER.map(([format, name, what]) => (
              <Download key={format} name={name} what={what} href={url(withQuery('/export/ledger', { format }))} />
            ))}
          </tbody>
        </table>
      </Panel>
      <Panel title="Reports" tools={<WindowChoice />} flush>
        <table class="exports">
          <caption class="hidden">Reports for a spreadsheet</caption>
          <tbody>
            <Download name="Timeline" what={`revenue, costs and profit, one row a ${window.step}`}
              href={url(withQuery('/export/timeline', { format: 'csv', ...window.query, by: window.step }))} />
            <Download name="Profit and loss" what="one row a worker"
              href={url(withQuery('/export/pnl', { format: 'csv', ...window.query, by: 'worker' }))} />
          </tbody>
        </table>
      </Panel>
    </div>
  );
}
