/** Restricted visits: what others see of them, and how one is opened in an emergency. */
import { signal } from '@preact/signals';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BedsideError, type EmergencyOpened, type VisitCreated } from '@bedside/client/clinic';
import { NOW_US, min, visit, waitingSeat } from '../../../gallery/fixtures';
import { formatTime } from '../../i18n';
import { ringsFor, waitingRoom } from '../model/board';
import { draw, type Drawn } from '../testing';
import { Board } from './Board';
import { EmergencyDialog } from './Emergency';
import { NewVisit } from './NewVisit';

let page: Drawn;
// Some of these draw nothing, and any may be the first.
afterEach(() => (page as Drawn | undefined)?.remove());

const nothing = () => {};
const ring = { wanted: signal(true), blocked: signal(false), want: nothing, allow: () => Promise.resolve() };
const still = { ready: true, connection: 'online', failure: null, highlight: null, ring, onSignOut: nothing } as const;
const HIDDEN = visit({
  mine: false,
  host_name: 'Dr. Lena Vogt',
  state: 'open',
  seats: [waitingSeat(3, { name: '' })],
  may: [],
  restricted: true,
  hidden: true,
});
const OPENED = { ...HIDDEN, hidden: false, seats: [waitingSeat(3)], may: ['be_in_room' as const], emergency_until: NOW_US + min(60) };
const untilWords = `Open by emergency access until ${formatTime(new Date(OPENED.emergency_until / 1000))}.`;
const OPEN = 'Open in an emergency: restricted visit with Dr. Lena Vogt';

describe('a restricted visit of somebody else', () => {
  it('says whose it is and that somebody waits, and nobody’s name', async () => {
    page = await draw(<Board {...still} visits={[HIDDEN]} />);
    expect(page.text()).toContain('Restricted visit');
    expect(page.text()).toContain('with Dr. Lena Vogt');
    expect(page.text()).toContain('for 3:00');
    expect(page.text()).toContain('Nobody is waiting. This page rings');
    expect(page.text()).not.toContain('Also invited');
    expect(page.hasButton('Join: Restricted visit')).toBe(false);
  });

  it('rings for nobody and stands in no waiting room', () => {
    expect(waitingRoom([HIDDEN])).toEqual([]);
    expect(ringsFor({ role: 'staff' }, HIDDEN)).toBe(false);
    expect(ringsFor({ role: 'staff' }, OPENED)).toBe(true);
  });

  it.each(['clinician', 'admin'])('can be opened in an emergency by the role %s', async (role) => {
    const askEmergency = vi.fn();
    page = await draw(<Board {...still} visits={[HIDDEN]} />, { actions: { askEmergency }, me: { role } });
    await page.press(OPEN);
    expect(askEmergency).toHaveBeenCalledWith(HIDDEN.visit);
  });

  it('stays shut for reception', async () => {
    page = await draw(<Board {...still} visits={[HIDDEN]} />, { me: { role: 'staff' } });
    expect(page.hasButton(OPEN)).toBe(false);
  });

  it('can be opened when it is over, too', async () => {
    page = await draw(<Board {...still} visits={[{ ...HIDDEN, state: 'ended', seats: [] }]} />);
    expect(page.hasButton(OPEN)).toBe(true);
  });

  it('says until when it is open, with the name and the way in', async () => {
    page = await draw(<Board {...still} visits={[OPENED]} />);
    expect(page.text()).toContain(untilWords);
    expect(page.hasButton('Join: Rosa Alvarez')).toBe(true);
    expect(page.hasButton(OPEN)).toBe(false);
  });
});

describe('one’s own restricted visit', () => {
  it('carries a mark, and other visits do not', async () => {
    page = await draw(<Board {...still} visits={[visit({ restricted: true })]} />);
    expect(page.text()).toContain('Restricted');
    await page.again(<Board {...still} visits={[visit()]} />);
    expect(page.text()).not.toContain('Restricted');
  });

  it('is made by one press, and reception still reads whose link it is', async () => {
    const made: VisitCreated = {
      visit: { ...HIDDEN, seats: [waitingSeat(0, { name: '' })] },
      invitation: { seat: 's', url: 'https://x.example/v#secret', qr_svg: '<svg/>', text: 'words', ics: 'BEGIN', mailed: false },
    };
    const book = vi.fn(() => Promise.resolve(made));
    const clinicians = () => Promise.resolve([{ id: 'lena', name: 'Dr. Lena Vogt' }]);
    page = await draw(<NewVisit onClose={nothing} onEnter={nothing} onSynthetic={nothing} />, { actions: { book, clinicians }, me: { role: 'staff' } });
    await page.type('Patient’s name', 'Rosa Alvarez');
    await page.tick('Sensitive: only the clinician and the people they invite see who it is with');
    await page.submit();
    expect(book).toHaveBeenCalledWith(expect.objectContaining({ restricted: true }));
    expect(page.text()).toContain('The visit of Rosa Alvarez with Dr. Lena Vogt is ready.');
  });
});

describe('the question before an emergency', () => {
  const answer: EmergencyOpened = { ends_at: OPENED.emergency_until, visit: OPENED };
  const dialog = (onOpened = nothing as (opened: EmergencyOpened) => void) => (
    <EmergencyDialog visit="v" host="Dr. Lena Vogt" onClose={nothing} onOpened={onOpened} />
  );
  const REASON = 'Why do you need it?';

  it('says what will happen before it asks why', async () => {
    page = await draw(dialog());
    for (const words of ['for 60 minutes', 'your reason are kept', 'reviews it']) expect(page.text()).toContain(words);
  });

  it('asks for a reason that says something', async () => {
    page = await draw(dialog());
    await page.type(REASON, '  urgent  ');
    await page.submit();
    expect(page.text()).toContain('Say why, in at least 10 characters.');
    await page.type(REASON, 'x'.repeat(501));
    await page.submit();
    expect(page.text()).toContain('Too long: at most 500 characters.');
  });

  it('opens the visit with the reason', async () => {
    const emergency = vi.fn(() => Promise.resolve(answer));
    const opened = vi.fn();
    page = await draw(dialog(opened), { actions: { emergency } });
    await page.type(REASON, ' Fainted at the door of the ward. ');
    await page.submit();
    expect(emergency).toHaveBeenCalledWith('v', 'Fainted at the door of the ward.');
    expect(opened).toHaveBeenCalledWith(answer);
  });

  it('keeps the reason when the server was not reached', async () => {
    page = await draw(dialog(), { actions: { emergency: () => Promise.reject(new BedsideError('offline')) } });
    await page.type(REASON, 'Fainted at the door.');
    await page.submit();
    expect(page.text()).toContain('The server was not reached');
    expect(page.field(REASON).value).toBe('Fainted at the door.');
  });
});
