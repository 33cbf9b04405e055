import { describe, expect, it } from 'vitest';
import { emptyDraft, faultsOf, inviteFaultsOf, isEmail, localInstant, requestOf, tidy } from './visit-form';

const NOW = new Date(2026, 10, 20, 9, 31, 5);
const draft = { ...emptyDraft(NOW, 'en'), name: 'Rosa Alvarez' };

describe('the new-visit form', () => {
  it('needs a name and nothing else', () => {
    expect(faultsOf(emptyDraft(NOW, 'en'), NOW)).toEqual({ patient_name: 'name_missing' });
    expect(faultsOf(draft, NOW)).toEqual({});
  });

  it('sends no time when the visit starts now, so that the server takes its own clock', () => {
    const request = requestOf({ ...draft, name: '  Rosa \n Alvarez ' }, NOW);
    expect(request.patient_name).toBe('Rosa Alvarez');
    expect('scheduled_at' in request).toBe(false);
    expect(request.utc_offset_min).toBe(-NOW.getTimezoneOffset());
    expect(request.duration_min).toBe(20);
  });

  it('is one’s own unless somebody is named; reception has to name somebody', () => {
    expect('host' in requestOf(draft, NOW)).toBe(false);
    expect(requestOf({ ...draft, host: 'lena' }, NOW).host).toBe('lena');
    expect(faultsOf(draft, NOW, true)).toEqual({ host: 'host_missing' });
    expect(faultsOf({ ...draft, host: 'lena' }, NOW, true)).toEqual({});
  });

  it('is open to colleagues unless it is called sensitive', () => {
    expect(requestOf(draft, NOW).restricted).toBe(false);
    expect(requestOf({ ...draft, restricted: true }, NOW).restricted).toBe(true);
  });

  it('offers the next quarter of an hour for later', () => {
    expect([draft.date, draft.time]).toEqual(['2026-11-20', '09:45']);
    const lateNight = emptyDraft(new Date(2026, 11, 31, 23, 50), 'en');
    expect([lateNight.date, lateNight.time]).toEqual(['2027-01-01', '00:00']);
  });

  it('sends a local time as microseconds since the epoch', () => {
    const request = requestOf({ ...draft, when: 'later', date: '2026-11-21', time: '14:05' }, NOW);
    expect(request.scheduled_at).toBe(new Date(2026, 10, 21, 14, 5).getTime() * 1000);
  });

  it.each([
    ['scheduled_at', 'date_odd', { when: 'later', date: '2026-02-31', time: '10:00' }],
    ['scheduled_at', 'date_odd', { when: 'later', date: '', time: '10:00' }],
    ['scheduled_at', 'date_odd', { when: 'later', date: '2026-11-21', time: '24:00' }],
    ['scheduled_at', 'date_past', { when: 'later', date: '2026-11-20', time: '08:00' }],
    ['patient_name', 'name_too_long', { name: 'x'.repeat(121) }],
    ['patient_email', 'email_odd', { email: 'rosa@' }],
    ['patient_birth_date', 'birth_odd', { birthDate: '2027-01-01' }],
    ['patient_birth_date', 'birth_odd', { birthDate: '1890-01-01' }],
    ['patient_birth_date', 'birth_odd', { birthDate: '1990-02-30' }],
    ['duration_min', 'duration_odd', { durationMin: '4' }],
    ['duration_min', 'duration_odd', { durationMin: '241' }],
    ['duration_min', 'duration_odd', { durationMin: '1e2' }],
    ['note', 'note_too_long', { note: 'x'.repeat(501) }],
  ] as const)('%s: %s', (field, fault, change) => {
    expect(faultsOf({ ...draft, ...change }, NOW)).toEqual({ [field]: fault });
  });

  it('ignores the date fields while the visit is for now', () => {
    expect(faultsOf({ ...draft, when: 'now', date: '', time: '' }, NOW)).toEqual({});
  });

  it('counts characters, not code units', () => {
    expect(faultsOf({ ...draft, name: '𠮷'.repeat(120) }, NOW)).toEqual({});
  });
});

describe('parts of it', () => {
  it.each(['a@b.co', 'rosa.alvarez+visit@mail.example.org', 'x@localhost', ' a@b.co '])('takes %s', (text) => {
    expect(isEmail(text)).toBe(true);
  });
  it.each(['', 'a', 'a@b', '@b.co', 'a b@c.co', 'a@b..co', 'a@@b.co', 'a@b.co,c@d.co', '<a@b.co>', `${'x'.repeat(250)}@b.co`])(
    'refuses %s',
    (text) => expect(isEmail(text)).toBe(false),
  );
  it('refuses days that no calendar has', () => {
    expect(localInstant('2028-02-29', '00:00')).not.toBeNull();
    expect(localInstant('2026-02-29', '00:00')).toBeNull();
    expect(localInstant('26-02-01', '00:00')).toBeNull();
  });
  it('makes one line of a name', () => expect(tidy(' a \t b\n')).toBe('a b'));
  it('checks an invitation the same way', () => {
    expect(inviteFaultsOf({ role: 'family', name: ' ', email: 'no', user: '' })).toEqual({ name: 'name_missing', email: 'email_odd' });
    expect(inviteFaultsOf({ role: 'interpreter', name: 'Luis', email: '', user: '' })).toEqual({});
    expect(inviteFaultsOf({ role: 'colleague', name: '', email: 'no', user: '' })).toEqual({ user: 'host_missing' });
    expect(inviteFaultsOf({ role: 'colleague', name: '', email: '', user: 'lena' })).toEqual({});
  });
});
