// Every page: its path, its name, and where it stands in the navigation. The paths are known to
// the gateway too (it answers them all with the shell).
import type { FunctionComponent } from 'preact';
import { DecisionsPage } from './pages/decisions/Decisions';
import { DecisionPage } from './pages/decisions/Detail';

export interface Page {
  path: string; // "/workers/{worker}": the component gets the segments as `params`
  name: string;
  nav?: string; // the key that goes there after "g"
  component: FunctionComponent<{ params: string[] }>;
}

export const pages: Page[] = [
  { path: '/decisions', name: 'Decisions', nav: 'd', component: DecisionsPage },
  { path: '/decisions/{id}', name: 'Decision', component: DecisionPage },
];
