// Things to press, and dialogs. A button that acts says what the server answered, never more.
import type { ComponentChildren, JSX } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ApiError, currentSession, login, mayAct } from '../api';
import { useStore } from '../store';
import { shown } from '../text';
import type { Role } from '../types';

export type Outcome = { ok: boolean; text: string };

interface ActionProps {
  label: string;
  needs?: Role; // who may; others see it disabled, with the reason
  kind?: 'plain' | 'primary' | 'danger';
  small?: boolean;
  disabled?: string | null; // why it cannot be now
  title?: string;
  // Does it and says what became of it. A thrown ApiError is told as it is.
  act: () => Promise<string>;
  // Told the outcome instead of showing it beside the button.
  told?: (outcome: Outcome) => void;
}

export async function outcomeOf(act: () => Promise<string>): Promise<Outcome> {
  try {
    return { ok: true, text: await act() };
  } catch (e) {
    const said = e instanceof ApiError ? e.message : String(e);
    const later = e instanceof ApiError && e.retryAfterS ? ` (again in ${e.retryAfterS} s)` : '';
    return { ok: false, text: said + later };
  }
}

export function useMay(needs: Role | undefined): string | null {
  useStore(login, (l) => l);
  return !needs || mayAct(currentSession(), needs) ? null : `needs the role ${needs}`;
}

export function Action(p: ActionProps): JSX.Element {
  const forbidden = useMay(p.needs);
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const why = forbidden ?? p.disabled ?? null;
  const press = async () => {
    setBusy(true);
    setOutcome(null);
    const o = await outcomeOf(p.act);
    setBusy(false);
    if (p.told)
      p.told(o);
    else
      setOutcome(o);
  };
  return (
    <span class="action">
      <button type="button" class={`btn ${p.kind ?? 'plain'} ${p.small ? 'small' : ''}`} disabled={busy || why !== null}
        aria-busy={busy} title={why ?? p.title} onClick={() => void press()}>
        {busy ? `${p.label}…` : p.label}
      </button>
      {outcome ? <OutcomeText outcome={outcome} /> : null}
    </span>
  );
}

export function OutcomeText({ outcome }: { outcome: Outcome }): JSX.Element {
  return (
    <span class={outcome.ok ? 'outcome gain' : 'outcome loss'} role="status">
      {outcome.ok ? '' : 'Not done: '}{shown(outcome.text, 400)}
    </span>
  );
}

// A modal dialog: the browser's own, which keeps the focus inside. It is gone from the page before
// the browser could give the focus back, so that is done here: to where it was, else to the page.
// At once, as who closed it may have a better place for the focus.
export function Dialog({ title, close, children }: { title: ComponentChildren; close: () => void; children: ComponentChildren }): JSX.Element {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const d = ref.current;
    const before = document.activeElement;
    d?.showModal();
    return () => {
      d?.close();
      const to = before instanceof HTMLElement && before.isConnected ? before : document.getElementById('main');
      to?.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog ref={ref} aria-labelledby={id} class="dialog"
      onCancel={(e) => {
        e.preventDefault();
        close();
      }}
      onClick={(e) => {
        if (e.target === ref.current)
          close();
      }}>
      <div class="dialog-in">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

interface ConfirmProps {
  title: ComponentChildren;
  children?: ComponentChildren; // what is at stake
  confirm: string; // the button, with its verb
  kind?: 'primary' | 'danger';
  reason?: 'optional' | 'required';
  typed?: string; // must be typed to go on: for what cannot be undone
  act: (reason: string) => Promise<string>;
  close: (outcome: Outcome | null) => void;
}

// Asks before it acts; stays open with the server's words when the answer is no.
export function Confirm(p: ConfirmProps): JSX.Element {
  const [reason, setReason] = useState('');
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<Outcome | null>(null);
  const id = useId();
  const ready = (!p.typed || typed === p.typed) && (p.reason !== 'required' || reason.trim() !== '');
  const submit = async (e: Event) => {
    e.preventDefault();
    if (!ready || busy)
      return;
    setBusy(true);
    const o = await outcomeOf(() => p.act(reason.trim()));
    setBusy(false);
    if (o.ok)
      p.close(o);
    else
      setFailed(o);
  };
  return (
    <Dialog title={p.title} close={() => {
      if (!busy)
        p.close(null);
    }}>
      <form onSubmit={(e) => void submit(e)}>
        {p.children}
        {p.reason ? (
          <label class="field" for={`${id}r`}>
            <span>Reason{p.reason === 'optional' ? ' (optional, kept in the ledger)' : ' (kept in the ledger)'}</span>
            <input id={`${id}r`} type="text" maxLength={200} value={reason} autocomplete="off"
              onInput={(e) => setReason(e.currentTarget.value)} />
          </label>
        ) : null}
        {p.typed ? (
          <label class="field" for={`${id}t`}>
            <span>Type <b><bdi>{shown(p.typed, 64)}</bdi></b> to go on</span>
            <input id={`${id}t`} type="text" value={typed} autocomplete="off" spellcheck={false}
              onInput={(e) => setTyped(e.currentTarget.value)} />
          </label>
        ) : null}
        {failed ? <p><OutcomeText outcome={failed} /></p> : null}
        <div class="dialog-tools">
          <button type="button" class="btn" disabled={busy} onClick={() => p.close(null)}>Cancel</button>
          <button type="submit" class={`btn ${p.kind ?? 'primary'}`} disabled={busy || !ready} aria-busy={busy}>
            {busy ? `${p.confirm}…` : p.confirm}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

// One of a few: a row of radio buttons that looks like one control.
export function Choice<V extends string>({ label, value, options, change }: {
  label: string; value: V; options: readonly (readonly [V, string])[]; change: (v: V) => void;
}): JSX.Element {
  const name = useId();
  return (
    <fieldset class="choice">
      <legend class="hidden">{label}</legend>
      {options.map(([v, text]) => (
        <label key={v} class={v === value ? 'on' : ''}>
          <input type="radio" name={name} value={v} checked={v === value} onChange={() => change(v)} />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}

export function Select<V extends string>({ label, value, options, change }: {
  label: string; value: V; options: readonly (readonly [V, string])[]; change: (v: V) => void;
}): JSX.Element {
  return (
    <label class="select">
      <span class="hidden">{label}</span>
      <select value={value} aria-label={label} onChange={(e) => change(e.currentTarget.value as V)}>
        {options.map(([v, text]) => <option key={v} value={v}>{text}</option>)}
      </select>
    </label>
  );
}

export function Search({ label, value, change, focusRef }: {
  label: string; value: string; change: (v: string) => void; focusRef?: { current: HTMLInputElement | null };
}): JSX.Element {
  return (
    <input class="search" type="search" ref={focusRef ?? null} aria-label={label} placeholder={label} value={value} autocomplete="off"
      spellcheck={false} onInput={(e) => change(e.currentTarget.value)}
      onKeyDown={(e) => {
        if (e.key === 'Escape') {
          change('');
          e.currentTarget.blur();
        }
      }} />
  );
}
