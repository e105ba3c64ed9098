// Light, dark, or what the system has; kept in this browser. Charts follow `themeNow`.
import { createStore } from './store';

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'nova-theme';

function kept(): Theme {
  try {
    const t = localStorage.getItem(KEY);
    return t === 'light' || t === 'dark' ? t : 'system';
  } catch {
    return 'system'; // storage is off: the choice lasts as long as the page
  }
}

const systemDark = matchMedia('(prefers-color-scheme: dark)');
export const theme = createStore<Theme>(kept());
const resolve = (t: Theme): 'light' | 'dark' => (t === 'system' ? (systemDark.matches ? 'dark' : 'light') : t);
export const themeNow = createStore<'light' | 'dark'>(resolve(theme.get()));

function apply(): void {
  const now = resolve(theme.get());
  document.documentElement.dataset['theme'] = now;
  themeNow.set(now);
}

systemDark.addEventListener('change', apply);
theme.subscribe(() => {
  try {
    if (theme.get() === 'system')
      localStorage.removeItem(KEY);
    else
      localStorage.setItem(KEY, theme.get());
  } catch {
    // As above.
  }
  apply();
});
apply();

export function toggleTheme(): void {
  theme.set(themeNow.get() === 'dark' ? 'light' : 'dark');
}
