// What is on every page: navigation, and the strip that says how things stand.
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { login, logOut } from './api';
import { useKey, useNow } from './hooks';
import { ago, money, percent, signOf } from './format';
import { pages } from './pages';
import type { Page, PageComponent } from './pages';
import { match, navigate, usePath } from './router';
import { useStore } from './store';
import { health, holdStream, overview } from './stream';
import { themeNow, toggleTheme } from './theme';
import { outcomeOf } from './ui/controls';
import { Link, Said, State } from './ui/text';
import { Empty, Loading, Notice, PageHead } from './ui/frame';

function NotFound(): JSX.Element {
  return (
    <><PageHead title="No such page" /><Empty>There is nothing at this address. <Link href="/">The overview</Link></Empty></>
  );
}

function current(path: string): { page: (typeof pages)[number] | null; params: string[] } {
  for (const page of pages) {
    const params = match(page.path, path);
    if (params)
      return { page, params };
  }
  return { page: null, params: [] };
}

const loaded = new Map<string, PageComponent>();

// The code of a page comes once; of the others too as soon as there is nothing else to do, so
// that going there later does not depend on the gateway.
function Loaded({ page, params }: { page: Page; params: string[] }): JSX.Element {
  const [, redraw] = useState(0);
  const [failed, setFailed] = useState(false);
  const Component = loaded.get(page.path);
  useEffect(() => {
    void fetchCode(page).then(() => {
      redraw((n) => n + 1);
      for (const p of pages)
        void fetchCode(p).catch(() => undefined);
    }, () => setFailed(true));
  }, [page]);
  if (failed && !Component)
    return <Empty>The page could not be loaded. <a href={location.href}>Load it again</a></Empty>;
  return Component ? <Component params={params} /> : <Loading lines={8} />;
}

// The code of the page that is wanted, while it is still being asked who is there.
export function fetchHere(): void {
  const { page } = current(location.pathname);
  if (page)
    void fetchCode(page).catch(() => undefined);
}

async function fetchCode(page: Page): Promise<void> {
  if (!loaded.has(page.path))
    loaded.set(page.path, await page.load());
}

function isUnder(path: string, nav: string): boolean {
  return nav === '/' ? path === '/' : path === nav || path.startsWith(`${nav}/`)
    || (nav === '/fleet' && path.startsWith('/workers/'));
}

const NAMES: Record<string, string> = { stale: 'Stale', polling: 'Not live' };

function LiveBadge(): JSX.Element {
  const h = useStore(health, (v) => v);
  const now = useNow(1000);
  const age = h.asOf ? ago(h.asOf, now) : null;
  const text = h.connection === 'live' ? 'Live' : h.connection === 'connecting' ? 'Connecting'
    : `${NAMES[h.connection] ?? 'Offline'}${age ? `, data ${age}` : ''}`;
  return (
    <span class="live-badge" role="status" data-state={h.connection}
      title={h.why ?? (age ? `Data of ${age}` : undefined)}>
      <State state={h.connection} label={text} />
    </span>
  );
}

// Old figures look like new ones: where they are old for longer than a moment, the page says so
// above them.
const PATIENCE_S = 8;

function NotNow(): JSX.Element | null {
  const h = useStore(health, (v) => v);
  const now = useNow(1000);
  const old = h.asOf ? (now - Date.parse(h.asOf)) / 1000 : 0;
  if ((h.connection !== 'offline' && h.connection !== 'stale') || old < PATIENCE_S)
    return null;
  return (
    <div class="not-now">
      <Notice tone="warn">
        <b>These figures were read {ago(h.asOf, now)}.</b>{' '}
        {h.connection === 'offline' ? 'The gateway does not answer; the page tries again by itself.' : 'Nova gives no newer ones at present; the page goes on asking.'}
      </Notice>
    </div>
  );
}

// Profit, budget, autonomy, and what waits: the same on every page.
function Strip(): JSX.Element {
  const o = useStore(overview, (v) => v);
  const today = o?.money?.today;
  const alerts = o?.alerts ? o.alerts.raised.length : null;
  const approvals = o?.approvals ? o.approvals.length : null;
  const sign = signOf(today?.profit);
  return (
    <div class="strip" aria-label="How things stand" role="group">
      <Link href="/money" class="strip-item">
        <span class="strip-name">Profit today</span>
        <span class={`num ${sign > 0 ? 'gain' : sign < 0 ? 'loss' : ''}`}>{today ? money(today.profit, o?.currency, { plus: true }) : '–'}</span>
      </Link>
      <Link href="/" class="strip-item">
        <span class="strip-name">Budget left</span>
        <span class="num">{o?.budget ? money(o.budget.remaining, o.currency) : '–'}</span>
        {o?.budget ? <span class="muted num strip-more">{percent(o.budget.percent_used, 0)} used</span> : null}
      </Link>
      <span class="strip-item">
        <span class="strip-name">Autonomy</span>
        <span>{o?.stop ? <State state="halted" label="all stopped" /> : o?.autonomy ? (o.autonomy.enabled ? 'on' : 'advises only') : '–'}</span>
      </span>
      <Link href="/#alerts" class={`strip-item ${alerts ? 'bad-text' : ''}`}>
        <span class="strip-name">Alerts</span><span class="num">{alerts ?? '–'}</span>
      </Link>
      <Link href="/#approvals" class={`strip-item ${approvals ? 'warn-text' : ''}`}>
        <span class="strip-name">Approvals</span><span class="num">{approvals ?? '–'}</span>
      </Link>
    </div>
  );
}

function Who(): JSX.Element {
  const l = useStore(login, (v) => v);
  const theme = useStore(themeNow, (t) => t);
  const [said, setSaid] = useState<string | null>(null);
  const leave = async () => {
    const goOn = holdStream();
    const o = await outcomeOf(async () => {
      await logOut();
      return '';
    });
    if (!o.ok) {
      setSaid(`Not logged out: ${o.text}`);
      goOn();
    }
  };
  return (
    <div class="who">
      {l.state === 'in' ? (
        <div class="who-name"><Said text={l.session.name} max={64} lines={1} /><span class="muted">{l.session.role}</span></div>
      ) : null}
      <div class="who-tools">
        <button type="button" class="btn small" onClick={toggleTheme} aria-label={`Use the ${theme === 'dark' ? 'light' : 'dark'} theme`}>
          {theme === 'dark' ? 'Light' : 'Dark'}
        </button>
        <button type="button" class="btn small" onClick={() => void leave()}>Log out</button>
      </div>
      {said ? <p class="loss" role="alert">{said}</p> : null}
    </div>
  );
}

// "g" and then the letter of a page goes there.
function useGoKeys(): void {
  const pressed = useRef(0);
  useKey('g', () => {
    pressed.current = Date.now();
  });
  useEffect(() => {
    const heard = (e: KeyboardEvent) => {
      if (Date.now() - pressed.current > 1500 || e.key === 'g' || e.ctrlKey || e.metaKey || e.altKey)
        return;
      pressed.current = 0;
      const page = pages.find((p) => p.nav === e.key);
      if (page) {
        e.preventDefault();
        navigate(page.path);
      }
    };
    addEventListener('keydown', heard);
    return () => removeEventListener('keydown', heard);
  }, []);
}

export function Shell(): JSX.Element {
  const path = usePath();
  const { page, params } = current(path);
  const [menu, setMenu] = useState(false);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useGoKeys();
  useEffect(() => {
    setMenu(false);
    // A new page is told to those who do not see it.
    if (!first.current)
      main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [path]);
  return (
    <div class="shell">
      <a class="skip" href="#main">Skip to the content</a>
      <header class="top">
        <Link href="/" class="brand">Nova</Link>
        <Strip />
        <LiveBadge />
        <button type="button" class="btn small menu-button" aria-expanded={menu} aria-controls="nav" onClick={() => setMenu(!menu)}>Menu</button>
      </header>
      <nav id="nav" class={menu ? 'nav open' : 'nav'} aria-label="Pages">
        <ul>
          {pages.filter((p) => p.nav).map((p) => (
            <li key={p.path}>
              <Link href={p.path} aria-current={isUnder(path, p.path) ? 'page' : undefined} title={`g ${p.nav ?? ''}`}>{p.name}</Link>
            </li>
          ))}
        </ul>
        <Who />
      </nav>
      <main id="main" ref={main} tabIndex={-1}>
        <NotNow />
        {page ? <Loaded key={path} page={page} params={params} /> : <NotFound />}
      </main>
    </div>
  );
}
