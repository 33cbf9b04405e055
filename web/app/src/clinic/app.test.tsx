import { signal, type Signal } from '@preact/signals';
import { render } from 'preact';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BedsideError } from '@bedside/client/clinic';
import { callText, deviceText } from '../i18n/parts';
import { App } from './app';
import { Room } from './call/Room';
import { createDesk } from './desk';
import { clinicWords } from './i18n';
import { Office } from '../office/Office';
import { officeWords, systemWords } from '../office/words';
import { officeDouble, opening } from '../../gallery/office';
import { boardDouble, visitDouble, type BoardDouble, type VisitDouble } from '../../gallery/doubles';
import { me, seat, visit, waitingSeat } from '../../gallery/fixtures';
import type { SignInState } from './model/sign-in';
import type { Ring } from './ring';
import type { Session } from './session';
import { acting } from './testing';

const ROSA = visit({ visit: 'rosa', state: 'open', seats: [waitingSeat(4, { seat: 'rosa' })] });
const NEXT = visit({ visit: 'next', scheduled_at: ROSA.scheduled_at + 1, seats: [seat({ seat: 'juan', name: 'Juan Vega' })] });
const THEIRS = visit({ visit: 'theirs', mine: false, state: 'open', seats: [waitingSeat(1, { seat: 'ben', name: 'Ben Carter' })] });

let root: HTMLElement;
let board: BoardDouble;
let calls: VisitDouble[];
let session: Session;
let ring: Ring;
let state: Signal<SignInState>;

/** The server says that one has this role. */
const comeBackAs = (role: string) =>
  acting(() => {
    state.value = { ...state.value, stage: { at: 'in', me: me({ role }) } };
  });

const press = (words: string) =>
  acting(() => {
    const all = [...root.querySelectorAll('button')];
    const found = all.find((b) => b.textContent === words) ?? all.find((b) => b.getAttribute('aria-label') === words);
    if (!found) throw new Error(`not in the page: ${words}`);
    found.click();
  });

beforeEach(async () => {
  // happy-dom does no layout: nothing has a size to observe.
  vi.stubGlobal('ResizeObserver', class {
    observe() {}
    disconnect() {}
  });
  await Promise.all([clinicWords.load(), callText.load(), deviceText.load(), officeWords.load(), systemWords.load()]);
  board = boardDouble([ROSA, NEXT, THEIRS]);
  calls = [];
  state = signal<SignInState>({ stage: { at: 'in', me: me() }, busy: false, refusal: null, ways: null });
  const leave = vi.fn(() => Promise.resolve());
  session = {
    state, start: leave, password: leave, code: leave, passkey: leave, sso: leave, link: leave, enrol: leave,
    confirmEnrolment: leave, enrolPasskey: leave,
    codesKept: leave, back: vi.fn(), touch: leave, out: leave,
    over: vi.fn(() => {
      state.value = { stage: { at: 'password', notice: 'session_over' }, busy: false, refusal: null, ways: null };
    }),
  };
  ring = {
    wanted: signal(true), blocked: signal(false), want: vi.fn(), prepare: vi.fn(),
    allow: vi.fn(() => Promise.resolve()), ring: vi.fn(), dispose: vi.fn(),
  };
  const openDesk = () =>
    createDesk(
      board,
      () => {
        const client = visitDouble({ phase: 'hello' });
        calls.push(client);
        return { client, dispose: () => client.dispose() };
      },
      () => {},
    );
  root = document.createElement('div');
  document.body.append(root);
  const listEmergencies = () => Promise.resolve({ emergencies: [opening()], unreviewed: 1 });
  const whoAmI = () => Promise.resolve(me({ role: 'officer', reviews: { open: 1, overdue: 0 } }));
  const loadOffice = () => Promise.resolve({ Office, api: officeDouble({ listEmergencies, whoAmI }) });
  await acting(() => render(<App session={session} openDesk={openDesk} ring={ring} loadRoom={() => Promise.resolve(Room)} loadOffice={loadOffice} />, root));
});

afterEach(async () => {
  location.hash = '';
  await acting(() => render(null, root));
  root.remove();
});

describe('the clinic’s page', () => {
  it('counts who waits in the tab and names nobody there', () => {
    expect(document.title).toBe('(1) waiting · Harbour Street Clinic');
  });

  it('rings for own patients only', async () => {
    await acting(() => board.beginsToWait(THEIRS, seat()));
    expect(ring.ring).not.toHaveBeenCalled();
    await acting(() => board.beginsToWait(ROSA, seat()));
    expect(ring.ring).toHaveBeenCalledOnce();
    expect(root.querySelector('[role=alert]')?.textContent).toContain('Rosa Alvarez is waiting.');
  });

  it('rings when a colleague invites, and offers to go there from a call', async () => {
    const invited = { ...THEIRS, invited: true, host_name: 'Dr. Lena Vogt' };
    await press('Open the room: Juan Vega');
    await acting(() => calls[0]?.phase.set('in_call'));
    await acting(() => board.visits.set([ROSA, NEXT, invited]));
    await acting(() => board.invites(invited));
    expect(ring.ring).toHaveBeenCalledOnce();
    const words = 'Dr. Lena Vogt invites you to the visit of Ben Carter.';
    expect(root.querySelector('[role=alert]')?.textContent).toContain(words);
    expect(root.querySelector('.c-call')?.textContent).toContain(words);
    await press('Go to this visit');
    await press('Leave and go there');
    expect(calls).toHaveLength(2);
  });

  it('goes from waiting room to call to the next visit without leaving the page', async () => {
    await press('Admit Rosa Alvarez');
    expect(root.textContent).toContain('Entering the room…');
    await acting(() => calls[0]?.phase.set('in_call'));
    expect(calls[0]?.told).toEqual(['admit rosa']);
    expect(root.querySelector('.c-call')).not.toBeNull();
    await acting(() => calls[0]?.phase.set('ended'));
    expect(root.querySelector('h1')?.textContent).toBe('Today');
    expect(root.querySelector('.clinic-visit--next')?.textContent).toContain('Juan Vega');
  });

  it('keeps the way back to a call in sight on the board', async () => {
    await press('Open the room: Juan Vega');
    await acting(() => calls[0]?.phase.set('in_call'));
    await press('Today’s visits');
    expect(root.textContent).toContain('You are in the visit of Juan Vega.');
    await press('Back to the visit');
    expect(root.querySelector('.c-call')).not.toBeNull();
    expect(calls).toHaveLength(1);
  });

  it('asks before it leaves one call for another', async () => {
    await press('Open the room: Juan Vega');
    await acting(() => calls[0]?.phase.set('in_call'));
    await press('Today’s visits');
    await press('Open the room: Rosa Alvarez');
    expect(root.textContent).toContain('Go to the visit of Rosa Alvarez?');
    await press('Leave and go there');
    expect(calls[0]?.told).toEqual(['leave', 'dispose']);
    expect(calls).toHaveLength(2);
  });

  it('says when another device took over, and takes the call back', async () => {
    await press('Open the room: Juan Vega');
    await acting(() => calls[0]?.phase.set('taken_over'));
    await press('Bring it back here');
    expect(calls[0]?.told).toEqual(['take_back']);
  });

  it('leaves the call with the sign-in', async () => {
    await press('Open the room: Juan Vega');
    await press('Today’s visits');
    await acting(() => root.querySelector<HTMLElement>('.clinic-bar__do button:last-child')?.click());
    await press('Sign out');
    expect(calls[0]?.told).toEqual(['leave', 'dispose']);
    expect(session.out).toHaveBeenCalledWith('signed_out');
  });

  it('leads from a refusal to the question for an emergency, and back in', async () => {
    const opened = { ...THEIRS, restricted: true, emergency_until: THEIRS.scheduled_at };
    vi.stubGlobal('fetch', vi.fn(() => Promise.resolve(new Response(JSON.stringify({ ends_at: opened.emergency_until, visit: opened })))));
    await press('Join: Ben Carter');
    await acting(() => {
      calls[0]?.failure.set(new BedsideError('emergency_needed'));
      calls[0]?.phase.set('refused');
    });
    await press('Open in an emergency');
    const reason = root.querySelector<HTMLTextAreaElement>('dialog textarea');
    await acting(() => {
      if (!reason) throw new Error('nobody asks why');
      reason.value = 'The patient does not answer.';
      reason.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await acting(() => root.querySelector('form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true })));
    expect(fetch).toHaveBeenCalledWith('/api/visits/theirs/emergency', expect.objectContaining({ body: '{"reason":"The patient does not answer."}' }));
    expect(root.querySelector('dialog')).toBeNull();
    expect(calls).toHaveLength(2);
  });

  it('leads those who run the clinic to the office by the address, and back to the board', async () => {
    const go = (fragment: string) =>
      acting(() => {
        location.hash = fragment;
        window.dispatchEvent(new Event('hashchange'));
      });
    await go('reviews');
    expect(root.querySelector('h1')?.textContent).toBe('Today');
    await comeBackAs('admin');
    await vi.waitFor(() => expect(root.querySelector('h1')?.textContent).toBe('Reviews'));
    expect(document.title).toBe('(1) waiting · Harbour Street Clinic');
    await go('today');
    expect(root.querySelector('h1')?.textContent).toBe('Today');
  });

  it('counts in the menu of those who run the clinic what is to be reviewed', async () => {
    await acting(() => root.querySelector<HTMLElement>('.clinic-bar__do button:last-child')?.click());
    expect(root.querySelector('a[href="#reviews"]')).toBeNull();
    await press('Close');
    const asked = vi.fn(() => Promise.resolve(Response.json(me({ role: 'admin', reviews: { open: 1, overdue: 0 } }))));
    vi.stubGlobal('fetch', asked);
    await comeBackAs('admin');
    await acting(() => root.querySelector<HTMLElement>('.clinic-bar__do button:last-child')?.click());
    await vi.waitFor(() => expect(root.querySelector('a[href="#reviews"]')?.textContent).toBe('Reviews1 to review'));
    // A figure only: nobody has looked at the openings.
    expect(asked).toHaveBeenCalledWith('/api/me', expect.anything());
  });

  it('makes no board for an officer, who is at home in the office', async () => {
    await comeBackAs('officer');
    expect(root.querySelector('h1')?.textContent).toBe('Privacy and security');
    await vi.waitFor(() => expect(root.textContent).toContain('1 opening to review'));
    expect(board.told).toContain('dispose');
    expect(document.title).toBe('Privacy and security · Harbour Street Clinic');
  });

  it('shows the sign-in and lets go of the board when the server ends the session', async () => {
    await acting(() => board.beginsToWait(ROSA, seat()));
    await acting(() => board.failure.set(new BedsideError('not_signed_in')));
    expect(root.textContent).toContain('Your sign-in has ended.');
    expect(root.textContent).not.toContain('Rosa Alvarez');
    expect(board.told).toContain('dispose');
  });
});
