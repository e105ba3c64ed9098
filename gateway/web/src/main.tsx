// The dashboard: asks who is there, then shows the page of the path.
import { render } from 'preact';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { askWhoAmI, login } from './api';
import { LoginPage } from './pages/Login';
import { fetchHere, Shell } from './shell';
import { useStore } from './store';
import { startStream } from './stream';
import './styles/main.css';
import './theme';

function App(): JSX.Element | null {
  const state = useStore(login, (l) => l.state);
  useEffect(() => {
    void askWhoAmI();
    fetchHere();
  }, []);
  useEffect(() => (state === 'in' ? startStream() : undefined), [state]);
  if (state === 'unknown')
    return null;
  return state === 'out' ? <LoginPage /> : <Shell />;
}

const root = document.getElementById('app');
if (root)
  render(<App />, root);
