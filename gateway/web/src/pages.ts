// Every page: its path, its name, and where it stands in the navigation. The paths are known to
// the gateway too (it answers them all with the shell).
import type { FunctionComponent } from 'preact';

export type PageComponent = FunctionComponent<{ params: string[] }>;

export interface Page {
  path: string; // "/workers/{worker}": the component gets the segments as `params`
  name: string;
  nav?: string; // the key that goes there after "g"
  load: () => Promise<PageComponent>; // its code comes when it is gone to
}

export const pages: Page[] = [
  { path: '/', name: 'Overview', nav: 'o', load: async () => (await import('./pages/Overview')).OverviewPage },
  { path: '/fleet', name: 'Fleet', nav: 'f', load: async () => (await import('./pages/Fleet')).FleetPage },
  { path: '/workers/{worker}', name: 'Worker', load: async () => (await import('./pages/Worker')).WorkerPage },
  { path: '/decisions', name: 'Decisions', nav: 'd', load: async () => (await import('./pages/decisions/Decisions')).DecisionsPage },
  { path: '/decisions/{id}', name: 'Decision', load: async () => (await import('./pages/decisions/Detail')).DecisionPage },
  { path: '/money', name: 'Money', nav: 'm', load: async () => (await import('./pages/money/Money')).MoneyPage },
  { path: '/ledger', name: 'Ledger', nav: 'l', load: async () => (await import('./pages/ledger/Ledger')).LedgerPage },
  { path: '/settings', name: 'Settings', nav: 's', load: async () => (await import('./pages/settings/Settings')).SettingsPage },
];
