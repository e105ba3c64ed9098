// What did it decide?
import type { JSX } from 'preact';
import { words } from '../../format';
import type { Decision } from '../../types';
import { Empty, Panel } from '../../ui/frame';
import { Ago, Link, State, WorkerLink } from '../../ui/text';
import { Sentence } from '../../ui/values';

const SHOWN = 6;

export function DecisionsPanel({ decisions }: { decisions: Decision[] | null }): JSX.Element {
  return (
    <Panel title="Last decisions" class="last" tools={<Link href="/decisions">All decisions</Link>}>
      {decisions === null ? <p class="muted">Not known: the engine does not answer.</p>
        : decisions.length === 0 ? <Empty command="novactl autonomous status">Nothing was decided yet: decisions need runs and sales to rest on.</Empty> : (
          <ul class="list">
            {[...decisions].sort((a, b) => b.id - a.id).slice(0, SHOWN).map((d) => (
              <li key={d.id}>
                <div class="row spread one">
                  <span class="what"><Link href={`/decisions/${d.id}`}>{words(d.type)}</Link> <WorkerLink name={d.target ?? d.worker} /></span>
                  <span class="row"><State state={d.state} /><span class="muted note"><Ago time={d.at} /></span></span>
                </div>
                <p class="muted note"><Sentence text={d.outcome?.summary ?? d.reason} max={400} lines={1} /></p>
              </li>
            ))}
          </ul>
        )}
    </Panel>
  );
}
