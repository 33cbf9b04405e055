import { signal } from '@preact/signals';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BedsideError, type VisitCreated } from '@bedside/client/clinic';
import { NOW_US, min, seat, visit, waitingSeat, SILENT_CHECK } from '../../../gallery/fixtures';
import { waitingRoom, type Waiter } from '../model/board';
import { toasts } from '../../ui';
import { acting, draw, type Drawn } from '../testing';
import { Board } from './Board';
import { CloseVisit } from './CloseVisit';
import { NewVisit } from './NewVisit';
import { SYNTHETIC_PATIENCE_MS } from './synthetic';
import { WaiterCard } from './WaiterCard';

let page: Drawn;
afterEach(() => page.remove());

const ROSA = visit({ state: 'open', seats: [waitingSeat(4, { check: SILENT_CHECK })] });
const waiter = (of = ROSA): Waiter => {
  const [first] = waitingRoom([of]);
  if (!first) throw new Error('the fixture has nobody waiting');
  return first;
};

describe('somebody who waits', () => {
  it('shows how long, what the check found, and a door', async () => {
    page = await draw(<WaiterCard waiter={waiter()} />);
    expect(page.text()).toContain('4:00');
    expect(page.text()).toContain('The microphone is silent');
    expect(page.hasButton('Admit Rosa Alvarez')).toBe(true);
  });

  it('goes in with the clinician whose visit it is, and not with reception', async () => {
    const admit = vi.fn(() => Promise.resolve());
    page = await draw(<WaiterCard waiter={waiter()} />, { actions: { admit } });
    await page.press('Admit Rosa Alvarez');
    expect(admit).toHaveBeenLastCalledWith(ROSA, ROSA.seats[0], true);
    await page.remove();
    const theirs = { ...ROSA, mine: false };
    page = await draw(<WaiterCard waiter={waiter(theirs)} />, { actions: { admit } });
    await page.press('Admit Rosa Alvarez');
    expect(admit).toHaveBeenLastCalledWith(theirs, theirs.seats[0], false);
  });

  it('offers the fix for what the check found as a ready message, and sends what was written', async () => {
    const note = vi.fn(() => Promise.resolve());
    page = await draw(<WaiterCard waiter={waiter()} startOpen />, { actions: { note } });
    await page.pressLast('mute switch');
    await page.submit();
    expect(note).toHaveBeenCalledWith(ROSA, ROSA.seats[0], expect.stringContaining('mute switch'));
    expect(page.field('Message to Rosa Alvarez').value).toBe('');
  });

  it('keeps the words when they could not be sent', async () => {
    const note = () => Promise.reject(new BedsideError('offline'));
    page = await draw(<WaiterCard waiter={waiter()} startOpen />, { actions: { note } });
    await page.type('Message to Rosa Alvarez', 'Five more minutes.');
    await page.submit();
    expect(page.field('Message to Rosa Alvarez').value).toBe('Five more minutes.');
    expect(page.text()).toContain('The server was not reached');
  });

  it('has no door for people who may not open it', async () => {
    page = await draw(<WaiterCard waiter={waiter({ ...ROSA, may: ['see_waiting_room'] })} />);
    expect(page.hasButton('Admit Rosa Alvarez')).toBe(false);
    expect(page.hasButton('Message to Rosa Alvarez')).toBe(false);
  });

  it('warns of a second device', async () => {
    page = await draw(<WaiterCard waiter={waiter({ ...ROSA, seats: [waitingSeat(1, { second_device: true })] })} />);
    expect(page.text()).toContain('second device');
  });
});

describe('a new visit', () => {
  const made: VisitCreated = {
    visit: visit({ seats: [seat()] }),
    invitation: { seat: 's', url: 'https://x.example/v#secret', qr_svg: '<svg/>', text: 'words', ics: 'BEGIN', mailed: false },
  };

  it('needs a name and Enter, then shows the link', async () => {
    const book = vi.fn(() => Promise.resolve(made));
    page = await draw(<NewVisit onClose={() => {}} onEnter={() => {}} onSynthetic={() => {}} />, { actions: { book } });
    await page.type('Patient’s name', 'Rosa Alvarez');
    await page.submit();
    expect(book).toHaveBeenCalledWith(expect.objectContaining({ patient_name: 'Rosa Alvarez', patient_email: '', duration_min: 20 }));
    expect(page.field('Link').value).toBe('https://x.example/v#secret');
  });

  it('asks the server nothing while something is missing', async () => {
    page = await draw(<NewVisit onClose={() => {}} onEnter={() => {}} onSynthetic={() => {}} />);
    await page.submit();
    expect(page.text()).toContain('Type a name.');
    expect(page.field('Patient’s name').getAttribute('aria-invalid')).toBe('true');
  });

  it('shows a field that the server refused at its place', async () => {
    const book = () => Promise.reject(new BedsideError('bad_field', { field: 'patient_name' }));
    page = await draw(<NewVisit onClose={() => {}} onEnter={() => {}} onSynthetic={() => {}} />, { actions: { book } });
    await page.type('Patient’s name', 'Rosa');
    await page.submit();
    expect(page.field('Patient’s name').getAttribute('aria-invalid')).toBe('true');
  });

  it('says when the mail that was asked for did not go out', async () => {
    page = await draw(<NewVisit onClose={() => {}} onEnter={() => {}} onSynthetic={() => {}} />, { actions: { book: () => Promise.resolve(made) } });
    await page.type('Patient’s name', 'Rosa');
    await page.type('E-mail for the invitation', 'rosa@mail.example');
    await page.submit();
    expect(page.text()).toContain('The e-mail could not be sent.');
  });

  it('asks for no e-mail where the server cannot send any', async () => {
    page = await draw(<NewVisit onClose={() => {}} onEnter={() => {}} onSynthetic={() => {}} />, { me: { mail: false } });
    expect(() => page.field('E-mail for the invitation')).toThrow();
  });
});

describe('closing a visit', () => {
  it('explains why it is no no-show when the server says so', async () => {
    const close = vi.fn(() => Promise.reject(new BedsideError('not_a_no_show')));
    page = await draw(<CloseVisit visit={visit()} onClose={() => {}} />, { actions: { close } });
    await page.press('Close the visit');
    expect(close).toHaveBeenCalledWith('01VISIT', 'no_show');
    expect(page.text()).toContain('The patient did come');
  });
});

describe('the page of the day', () => {
  const ring = { wanted: signal(true), blocked: signal(false), want: () => {}, allow: () => Promise.resolve() };
  const still = { ready: true, connection: 'online', failure: null, highlight: null, ring, onSignOut: () => {} } as const;

  it('tells loading from empty', async () => {
    page = await draw(<Board {...still} visits={[]} ready={false} />);
    expect(page.text()).not.toContain('No visits yet today');
    await page.remove();
    page = await draw(<Board {...still} visits={[]} />);
    expect(page.text()).toContain('No visits yet today');
  });

  it('names late people and marks the next visit', async () => {
    const late = visit({ scheduled_at: NOW_US - min(9) });
    page = await draw(<Board {...still} visits={[late]} highlight="01VISIT" />);
    expect(page.text()).toContain('9 minutes late');
    expect(page.root.querySelector('.clinic-visit--next')).not.toBeNull();
  });

  it('shows the last known day while the connection is away', async () => {
    const reconnect = vi.fn();
    page = await draw(<Board {...still} visits={[visit()]} connection="offline" />, { actions: { reconnect } });
    expect(page.text()).toContain('Rosa Alvarez');
    await page.press('Connect now');
    expect(reconnect).toHaveBeenCalledOnce();
  });

  describe('a synthetic patient', () => {
    const TRIED = visit({ visit: 'tried' });
    const waiting = { ...TRIED, state: 'open' as const, seats: [waitingSeat(0)] };
    const coming = 'A synthetic patient is on the way';
    const choose = async () => {
      await page.press('More for Rosa Alvarez');
      await page.press('Let a synthetic patient join');
    };
    beforeEach(() => {
      toasts.value = [];
    });

    it('closes the dialog at once and shows that somebody comes, until they wait', async () => {
      const synthetic = vi.fn(() => Promise.resolve());
      page = await draw(<Board {...still} visits={[TRIED]} />, { actions: { synthetic }, me: { demo_guest: true } });
      await choose();
      expect(synthetic).toHaveBeenCalledExactlyOnceWith('tried');
      expect(page.root.querySelector('dialog[open]')).toBeNull();
      expect(page.text()).toContain(coming);
      await page.again(<Board {...still} visits={[{ ...TRIED, seats: [seat({ state: 'checking', online: true })] }]} />);
      expect(page.text()).toContain(coming);
      await page.again(<Board {...still} visits={[waiting]} />);
      expect(page.text()).not.toContain(coming);
      expect(page.hasButton('Admit Rosa Alvarez')).toBe(true);
    });

    it('says why when none can come', async () => {
      const synthetic = () => Promise.reject(new BedsideError('store_busy'));
      page = await draw(<Board {...still} visits={[TRIED]} />, { actions: { synthetic }, me: { demo_guest: true } });
      await choose();
      expect(page.text()).not.toContain(coming);
      expect(page.text()).toContain('The server is busy');
    });

    it('is not awaited for ever', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      try {
        const synthetic = () => new Promise<never>(() => {});
        page = await draw(<Board {...still} visits={[TRIED]} />, { actions: { synthetic }, me: { demo_guest: true } });
        await choose();
        await acting(() => void vi.advanceTimersByTime(SYNTHETIC_PATIENCE_MS - 1));
        expect(page.text()).toContain(coming);
        await acting(() => void vi.advanceTimersByTime(1));
        expect(page.text()).not.toContain(coming);
        expect(page.text()).toContain('did not come');
      } finally {
        vi.useRealTimers();
      }
    });

    it('is not offered while the patient is here', async () => {
      page = await draw(<Board {...still} visits={[waiting]} />, { me: { demo_guest: true } });
      await page.press('More for Rosa Alvarez');
      expect(page.hasButton('Let a synthetic patient join')).toBe(false);
    });
  });
});
