// The vendors: what runs, what it says about itself, what is missing.
import type { JSX } from 'preact';
import { words } from '../../format';
import { useApi } from '../../hooks';
import { Answered, Empty, Panel } from '../../ui/frame';
import { Said, State } from '../../ui/text';
import { Values } from '../../ui/values';

interface Platform extends Record<string, unknown> {
  platform: string;
  summary: string;
  state: string;
}

// Objects inside of it become lines of their own: "outbox.waiting".
function flat(of: Record<string, unknown>, before = ''): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(of)) {
    const name = before ? `${before}, ${key}` : key;
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      Object.assign(made, flat(value as Record<string, unknown>, name));
    else
      made[name] = Array.isArray(value) && value.length === 0 ? null : value;
  }
  return made;
}

function One({ platform: p }: { platform: Platform }): JSX.Element {
  const { platform, summary, state, ...rest } = p;
  return (
    <Panel title={words(platform)} note={<Said text={summary} max={200} />} tools={<State state={state} tone={state === 'off' ? 'quiet' : state === 'ready' ? 'good' : 'warn'} />}>
      {Object.keys(rest).length ? <Values of={flat(rest)} currency="USD" />
        : <p class="muted">Not set up. Add <code>platforms: {'{'}{platform}: …{'}'}</code> to nova.yaml; what is missing: <code>novactl platform {platform}</code></p>}
    </Panel>
  );
}

export function PlatformsView(): JSX.Element {
  const asked = useApi<{ platforms: Platform[] }>('/platforms', 15_000);
  return (
    <Answered asked={asked} lines={8}>
      {(data) => data.platforms.length === 0 ? <Empty command="man nova.yaml">No platform is known.</Empty>
        : <div class="cols-2">{data.platforms.map((p) => <One key={p.platform} platform={p} />)}</div>}
    </Answered>
  );
}
