// What a worker printed, as it comes. Words of programs: text, without their colours, cut.
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { segment, url, withQuery } from '../../api';
import { count, counted } from '../../format';
import { logLine } from '../../text';
import { Search } from '../../ui/controls';
import { Empty, Panel } from '../../ui/frame';
import { State } from '../../ui/text';
import type { LogEntry } from './shapes';

const KEPT = 2000; // lines; older ones are in the file
const FIRST = 200;
const RETRY_MS = 2000;

interface Line {
  n: number;
  text: string;
}

type Following = 'connecting' | 'live' | 'offline';

// Lines since the page was opened; it goes on behind the last one after a lost connection.
function useLog(worker: string): { lines: Line[]; following: Following } {
  const [lines, setLines] = useState<Line[]>([]);
  const [following, setFollowing] = useState<Following>('connecting');
  useEffect(() => {
    let source: EventSource | null = null;
    let retry = 0;
    let cursor = '';
    let n = 0;
    let waiting: Line[] = [];
    let frame = 0;
    // A worker may print a thousand lines a second: they are shown once a frame.
    const show = () => {
      frame = 0;
      const some = waiting;
      waiting = [];
      setLines((have) => [...have, ...some].slice(-KEPT));
    };
    const add = (text: string) => {
      waiting.push({ n: n++, text });
      if (waiting.length > KEPT)
        waiting = waiting.slice(-KEPT);
      if (!frame)
        frame = requestAnimationFrame(show);
    };
    const open = () => {
      source = new EventSource(url(withQuery(`/workers/${segment(worker)}/logs`, cursor ? { last_event_id: cursor } : { lines: FIRST })));
      source.addEventListener('open', () => setFollowing('live'));
      source.addEventListener('line', (e) => {
        const m = e as MessageEvent<string>;
        cursor = m.lastEventId || cursor;
        const entry = JSON.parse(m.data) as LogEntry;
        add(logLine(entry.line));
      });
      source.addEventListener('gap', () => add('… lines are missing here …'));
      const lost = () => {
        source?.close();
        setFollowing('offline');
        clearTimeout(retry);
        retry = setTimeout(open, RETRY_MS);
      };
      source.addEventListener('end', lost);
      source.addEventListener('error', lost);
    };
    setLines([]);
    open();
    return () => {
      clearTimeout(retry);
      cancelAnimationFrame(frame);
      source?.close();
    };
  }, [worker]);
  return { lines, following };
}

export function LogView({ worker }: { worker: string }): JSX.Element {
  const { lines, following } = useLog(worker);
  const [held, setHeld] = useState<Line[] | null>(null); // what was there when it was paused
  const [filter, setFilter] = useState('');
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const all = held ?? lines;
  const shown = useMemo(() => {
    const f = filter.toLowerCase();
    return f ? all.filter((l) => l.text.toLowerCase().includes(f)) : all;
  }, [all, filter]);
  useLayoutEffect(() => {
    const b = box.current;
    if (b && atEnd.current && !held)
      b.scrollTop = b.scrollHeight;
  }, [shown, held]);
  const newer = held ? lines.filter((l) => l.n > (held[held.length - 1]?.n ?? -1)).length : 0;
  return (
    <Panel title="Log" note={filter ? `${count(shown.length)} of ${counted(all.length, 'line')}` : counted(all.length, 'line')} flush
      tools={<>
        {held ? <State state="paused" label={`paused, ${count(newer)} newer`} /> : <State state={following} />}
        <Search label="Filter lines" value={filter} change={setFilter} />
        <button type="button" class="btn small" aria-pressed={held !== null} onClick={() => setHeld(held ? null : lines)}>{held ? 'Go on' : 'Pause'}</button>
      </>}>
      {shown.length === 0 ? (
        <Empty command={`novactl logs ${worker} -f`}>{filter ? 'No line has this text.' : 'It has printed nothing yet. In a terminal:'}</Empty>
      ) : (
        <div class="log" ref={box} role="log" aria-live="off" aria-label={`Log of ${worker}`} tabIndex={0}
          onScroll={(e) => {
            const b = e.currentTarget;
            atEnd.current = b.scrollTop + b.clientHeight > b.scrollHeight - 24;
          }}>
          {shown.map((l) => <div key={l.n}>{l.text}</div>)}
        </div>
      )}
    </Panel>
  );
}
