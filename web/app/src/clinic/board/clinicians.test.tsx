/** Booking for a clinician, inviting one, and being invited. */
import { signal } from '@preact/signals';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BedsideError, type VisitCreated } from '@bedside/client/clinic';
import { seat, visit } from '../../../gallery/fixtures';
import { draw, type Drawn } from '../testing';
import { Board } from './Board';
import { InviteSomeone } from './Invite';
import { NewVisit } from './NewVisit';

let page: Drawn;
afterEach(() => page.remove());

const nothing = () => {};
const CLINICIANS = [
  { id: 'imani', name: 'Dr. Imani Okoye' },
  { id: 'lena', name: 'Dr. Lena Vogt' },
];
const clinicians = () => Promise.resolve(CLINICIANS);
const choices = (label: string) => [...(page.field(label) as unknown as HTMLSelectElement).options].map((one) => one.text);

describe('a visit booked for a clinician', () => {
  const made: VisitCreated = {
    visit: visit({ mine: false, host_name: 'Dr. Lena Vogt' }),
    invitation: { seat: 's', url: 'https://x.example/v#secret', qr_svg: '<svg/>', text: 'words', ics: 'BEGIN', mailed: false },
  };
  const form = <NewVisit onClose={nothing} onEnter={nothing} onSynthetic={nothing} />;
  const staff = { role: 'staff', name: 'Sam Reyes' };

  it('names whose it is, and says so once it is made', async () => {
    const book = vi.fn(() => Promise.resolve(made));
    page = await draw(form, { actions: { clinicians, book }, me: staff });
    await page.type('Patient’s name', 'Rosa Alvarez');
    await page.pick('With', 'Dr. Lena Vogt');
    await page.submit();
    expect(book).toHaveBeenCalledWith(expect.objectContaining({ patient_name: 'Rosa Alvarez', host: 'lena' }));
    expect(page.text()).toContain('The visit of Rosa Alvarez with Dr. Lena Vogt is ready.');
    // It is not reception's room.
    expect(page.hasButton('Open the room now')).toBe(false);
  });

  it('is not taken for anybody whom reception did not choose', async () => {
    page = await draw(form, { actions: { clinicians }, me: staff });
    await page.type('Patient’s name', 'Rosa Alvarez');
    await page.submit();
    expect(page.text()).toContain('Choose a clinician.');
    expect(page.field('With').getAttribute('aria-invalid')).toBe('true');
  });

  it('goes to the only one there is without a question', async () => {
    const book = vi.fn(() => Promise.resolve(made));
    page = await draw(form, { actions: { clinicians: () => Promise.resolve(CLINICIANS.slice(1)), book }, me: staff });
    await page.type('Patient’s name', 'Rosa Alvarez');
    await page.submit();
    expect(book).toHaveBeenCalledWith(expect.objectContaining({ host: 'lena' }));
  });

  it('is one’s own for a clinician, who finds the others below', async () => {
    const book = vi.fn(() => Promise.resolve(made));
    page = await draw(form, { actions: { clinicians, book } });
    expect(choices('With')).toEqual(['Dr. Imani Okoye (you)', 'Dr. Lena Vogt']);
    await page.type('Patient’s name', 'Rosa Alvarez');
    await page.submit();
    expect(book).toHaveBeenCalledWith(expect.not.objectContaining({ host: expect.anything() }));
  });

  it('hides nobody who shares a name', async () => {
    const twins = [...CLINICIANS, { id: 'other', name: 'Dr. Imani Okoye' }];
    page = await draw(form, { actions: { clinicians: () => Promise.resolve(twins) } });
    expect(choices('With')).toHaveLength(4);
  });

  it('asks for the list again when it did not come', async () => {
    const failing = vi.fn(clinicians).mockRejectedValueOnce(new BedsideError('offline'));
    page = await draw(form, { actions: { clinicians: failing }, me: staff });
    expect(page.text()).toContain('The server was not reached');
    await page.press('Try again');
    expect(choices('With')).toEqual(['Choose a clinician', 'Dr. Imani Okoye', 'Dr. Lena Vogt']);
  });
});

describe('a colleague who is asked to join', () => {
  const THEIRS = visit({ host_name: 'Dr. Imani Okoye' });
  const ask = async (inviteColleague: () => Promise<void>) => {
    page = await draw(<InviteSomeone visit={THEIRS} onClose={nothing} />, { actions: { clinicians, inviteColleague } });
    await page.choose('Colleague');
    await page.pick('Which colleague', 'Dr. Lena Vogt');
    await page.submit();
  };

  it('needs no link', async () => {
    const inviteColleague = vi.fn(() => Promise.resolve());
    await ask(inviteColleague);
    expect(inviteColleague).toHaveBeenCalledWith('01VISIT', 'lena');
    expect(page.text()).toContain('Your colleague is invited.');
  });

  it('is neither oneself nor whoever holds the visit', async () => {
    page = await draw(<InviteSomeone visit={THEIRS} onClose={nothing} start={{ role: 'colleague' }} />, { actions: { clinicians } });
    expect(choices('Which colleague')).toEqual(['Choose a clinician', 'Dr. Lena Vogt']);
    await page.submit();
    expect(page.text()).toContain('Choose a clinician.');
  });

  it('is told at the field when the server does not take them', async () => {
    await ask(() => Promise.reject(new BedsideError('bad_field', { field: 'user' })));
    expect(page.text()).toContain('cannot be invited');
    expect(page.field('Which colleague').getAttribute('aria-invalid')).toBe('true');
  });
});

describe('being invited', () => {
  const ring = { wanted: signal(true), blocked: signal(false), want: nothing, allow: () => Promise.resolve() };
  const still = { ready: true, connection: 'online', failure: null, highlight: null, ring, onSignOut: nothing } as const;
  const INVITED = visit({
    mine: false,
    invited: true,
    host_name: 'Dr. Lena Vogt',
    state: 'in_progress',
    seats: [seat({ state: 'in_call', online: true })],
    may: [],
  });

  it('stands above everything else, with one button in', async () => {
    const enter = vi.fn();
    page = await draw(<Board {...still} visits={[INVITED]} />, { actions: { enter } });
    expect(page.text()).toContain('Colleagues ask you to join');
    expect(page.text()).toContain('Dr. Lena Vogt invited you');
    await page.press('Join: Rosa Alvarez');
    expect(enter).toHaveBeenCalledWith(INVITED);
  });

  it('says nothing of a day that is done, and stands in one place only', async () => {
    page = await draw(<Board {...still} visits={[INVITED]} />);
    expect(page.text()).not.toContain('All visits of today are finished');
    await page.again(<Board {...still} visits={[INVITED, visit({ visit: 'own' })]} />);
    expect(page.root.querySelectorAll('.clinic-visit')).toHaveLength(2);
  });
});
