/** The log of who did what: what is asked, what is sorted out, what an entry says. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AuditLine, AuditSearch } from '@bedside/client';
import { BedsideError } from '@bedside/client/clinic';
import { me } from '../../gallery/fixtures';
import { account, entry, officeDouble, opening } from '../../gallery/office';
import { showLog, takeLogWish } from '../clinic/places';
import { acting, draw, type Drawn } from '../clinic/testing';
import { OfficeContext, type OfficeApi } from './context';
import { Log } from './Log';
import { ALL, ANSWERS_AT_A_TIME, byDay, isThrough, isTwisted, lookers, proofCommand, rangeOf, readOn, shownIn, sift, topicOf, TOPICS, type Sieve } from './log';
import { sentence } from './LogEntry';
import { Reviews } from './Reviews';
import { auditWords, officeWords } from './words';

/** Every kind that the server writes, from the one place where they are listed. */
const KINDS = [...readFileSync(resolve(import.meta.dirname, '../../../../crates/audit/src/kind.rs'), 'utf8').matchAll(/^ {4}\w+ = "([a-z._]+)",$/gm)].map(
  ([, kind]) => kind ?? '',
);
/** Noon of a day in the test's time zone, in µs. */
const noon = (day: number) => new Date(2026, 10, day, 12).getTime() * 1000;
const NOBODY = { visit: null, person: null };

beforeEach(async () => {
  await Promise.all([officeWords.load(), auditWords.load()]);
});

describe('the kinds of the server', () => {
  it('are found in its source', () => {
    expect(KINDS.length).toBeGreaterThan(60);
  });
  it.each(KINDS)('%s has words', (kind) => {
    expect(auditWords.t.did[kind] ?? '').not.toBe('');
  });
  it('are the only ones that have words', () => {
    const { did, tried } = auditWords.t;
    expect([...Object.keys(did), ...Object.keys(tried)].filter((kind) => !KINDS.includes(kind))).toEqual([]);
  });
  it('stand under every topic', () => {
    expect(new Set(KINDS.map(topicOf))).toEqual(new Set(TOPICS));
  });
  it.each([
    ['data.board_viewed', 'looked'],
    ['data.patient_exported', 'looked'],
    ['access.emergency_opened', 'looked'],
    ['chat.read', 'looked'],
    ['chat.sent', 'visits'],
    ['data.action_refused', 'visits'],
    ['data.visit_erased', 'kept'],
    ['key.rotated', 'server'],
    ['never.heard', 'server'],
  ])('%s is about %s', (kind, topic) => {
    expect(topicOf(kind)).toBe(topic);
  });
});

describe('the sieve', () => {
  const lines = [20, 19, 18].map((day) => entry({ place: day, at: noon(day), kind: day === 19 ? 'auth.sign_in' : 'chat.read', refused: day === 18 ? 'code' : null }));
  const places = (sieve: Partial<Sieve>) => sift(lines, { ...ALL, ...sieve }).map(({ place }) => place);

  it('takes both days whole', () => {
    expect(places({ from: '2026-11-19', to: '2026-11-19' })).toEqual([19]);
    expect(places({ from: '2026-11-19' })).toEqual([20, 19]);
    expect(places({ to: '2026-11-19' })).toEqual([19, 18]);
  });
  it('takes one topic, or what was refused', () => {
    expect(places({ topic: 'looked' })).toEqual([20, 18]);
    expect(places({ topic: 'refused' })).toEqual([18]);
  });
  it('knows days the wrong way round', () => {
    expect(isTwisted({ ...ALL, from: '2026-11-20', to: '2026-11-19' })).toBe(true);
    expect(isTwisted({ ...ALL, from: '2026-11-19', to: '2026-11-19' })).toBe(false);
    expect(isTwisted({ ...ALL, from: '2026-11-19' })).toBe(false);
  });
  it('is through when what follows is too old', () => {
    const from = (day: string) => isThrough({ lines, next: 18 }, { ...ALL, from: day });
    expect([from('2026-11-19'), from('2026-11-18'), isThrough({ lines, next: null }, ALL)]).toEqual([true, false, true]);
  });
  it('goes into a file as whole days, without the kind', () => {
    expect(rangeOf({ visit: 'v', person: null }, { topic: 'looked', from: '2026-11-19', to: '2026-11-19' })).toEqual({
      visit: 'v',
      from: noon(19) - 12 * 3_600e6,
      until: noon(20) - 12 * 3_600e6,
    });
    expect(rangeOf({ visit: null, person: 'p' }, ALL)).toEqual({ person: 'p' });
  });
  it('puts entries under their day', () => {
    const days = byDay([...lines, entry({ place: 17, at: noon(18) - 1 })]);
    expect(days.map(({ lines: of }) => of.map(({ place }) => place))).toEqual([[20], [19], [18, 17]]);
  });
});

describe('reading on', () => {
  /** A log of `size` entries, every tenth of which is a look. */
  const serving = (size: number) =>
    vi.fn((asked: AuditSearch) => {
      const newest = Math.min(asked.before ?? size, size) - 1;
      const entries = Array.from({ length: Math.min(100, newest + 1) }, (_, n) => entry({ place: newest - n, kind: (newest - n) % 10 === 0 ? 'chat.read' : 'seat.joined' }));
      const last = entries.at(-1)?.place ?? 0;
      return Promise.resolve({ entries, next: last === 0 ? null : last });
    });
  const LOOKS: Sieve = { ...ALL, topic: 'looked' };

  it('asks once when nothing is sorted out', async () => {
    const search = serving(1000);
    const reading = await readOn(search, NOBODY, ALL, null);
    expect(search.mock.calls).toEqual([[{ ...NOBODY, before: null }]]);
    expect([reading.lines.length, reading.next]).toEqual([100, 900]);
  });
  it('goes on until there are hits enough, and no further', async () => {
    const search = serving(10_000);
    const reading = await readOn(search, NOBODY, LOOKS, null);
    expect(search).toHaveBeenCalledTimes(5);
    const more = await readOn(search, NOBODY, LOOKS, reading);
    expect(search.mock.lastCall).toEqual([{ ...NOBODY, before: 9100 }]);
    expect(more.lines.map(({ place }) => place)).toEqual(Array.from({ length: 1000 }, (_, n) => 9999 - n));
  });
  it('asks only so often at a time, since each time is put on record', async () => {
    const search = serving(10_000);
    await readOn(search, NOBODY, { ...ALL, topic: 'refused' }, null);
    expect(search).toHaveBeenCalledTimes(ANSWERS_AT_A_TIME);
  });
  it('ends at the beginning of the log', async () => {
    const search = serving(150);
    expect((await readOn(search, NOBODY, LOOKS, null)).next).toBeNull();
    expect(search).toHaveBeenCalledTimes(2);
  });
});

describe('an entry', () => {
  const names = new Map([['lena', 'Dr. Lena Vogt']]);
  it.each<[string, Partial<AuditLine>]>([
    ['Dr. Lena Vogt saw who the visit is with', {}],
    ['Somebody of the clinic read this log', { actor: { type: 'staff', id: 'gone' }, kind: 'data.audit_viewed' }],
    ['Dr. Lena Vogt took this log out as a file', { kind: 'data.audit_viewed', details: { export: 'fhir' } }],
    ['A guest gave consent', { actor: { type: 'seat', id: 's' }, kind: 'consent.given' }],
    ['The server deleted data whose time was over', { actor: { type: 'system' }, kind: 'data.deleted' }],
    ['Somebody who had not signed in tried to sign in', { actor: { type: 'anonymous' }, kind: 'auth.sign_in', refused: 'password' }],
    ['Dr. Lena Vogt gave the right password', { kind: 'auth.sign_in', details: { step: 'password' } }],
    ['Dr. Lena Vogt signed in', { kind: 'auth.sign_in', details: { step: 'done' } }],
    ['Dr. Lena Vogt did something that this page has no words for (later.invented)', { kind: 'later.invented' }],
  ])('reads “%s”', (words, over) => {
    expect(sentence(entry(over), names)).toBe(words);
  });
  it('says how much was shown where that is counted', () => {
    expect([{ shown: '3' }, { visits: '0' }, { entries: 'unfit' }, {}].map((details) => shownIn(entry({ details: details as AuditLine['details'] })))).toEqual([3, 0, null, null]);
  });
  it('tells who looked, once each, the newest first', () => {
    const by = (id: string, over: Partial<AuditLine>) => entry({ actor: { type: 'staff', id }, ...over });
    const lines = [
      by('ola', { kind: 'data.audit_viewed' }),
      by('ola', { kind: 'access.emergency_reviewed' }),
      by('lena', { at: 5 }),
      by('imani', { at: 4, details: { by: 'emergency' } }),
      by('imani', { at: 3, kind: 'access.emergency_opened' }),
      by('lena', { at: 2, kind: 'chat.read' }),
      by('sam', { at: 2, kind: 'seat.admitted' }),
      entry({ actor: { type: 'seat', id: 's' }, kind: 'chat.read' }),
    ];
    expect(lookers(lines)).toEqual([
      { id: 'lena', times: 2, last_at: 5, emergency: false },
      { id: 'imani', times: 2, last_at: 4, emergency: true },
    ]);
  });
  it('is checked by its place', () => {
    expect(proofCommand(4711)).toBe('bedside audit prove 4711 --log /path/to/audit -o 4711.tlog-proof');
  });
});

describe('the page', () => {
  let page: Drawn;
  afterEach(() => page.remove());
  const people = () => Promise.resolve({ people: [account(), account({ id: 'ola', name: 'Ola Berg' })], may_change: false });
  const open = async (over: Partial<OfficeApi>, what = <Log />) => {
    const api = officeDouble({ listPeople: people, ...over });
    page = await draw(<OfficeContext.Provider value={{ me: me({ role: 'officer' }), api }}>{what}</OfficeContext.Provider>);
  };
  const answering = (...lines: AuditLine[]) => vi.fn((_asked: AuditSearch) => Promise.resolve({ entries: lines, next: null as number | null }));

  it('asks anew when another person is chosen', async () => {
    const searchAudit = answering(entry());
    await open({ searchAudit });
    expect(page.text()).toContain('Dr. Lena Vogt saw who the visit is with');
    await page.pick('Person', 'Ola Berg');
    expect(searchAudit.mock.calls).toEqual([[{ ...NOBODY, before: null }], [{ visit: null, person: 'ola', before: null }]]);
  });
  it('sorts out by topic without asking again', async () => {
    const searchAudit = answering(entry(), entry({ place: 1, kind: 'auth.sign_in' }));
    await open({ searchAudit });
    await page.pick('What', 'Signing in');
    expect(page.text()).toContain('1 entry of 2 that were read');
    expect(page.text()).not.toContain('saw who');
    expect(searchAudit).toHaveBeenCalledOnce();
    await page.press('Clear the choice');
    expect(page.text()).toContain('2 entries');
  });
  it('narrows to a visit and back', async () => {
    const searchAudit = answering(entry());
    await open({ searchAudit });
    await page.press('Only this visit: …7QK2');
    expect(searchAudit.mock.lastCall?.[0].visit).toBe(entry().visit);
    expect(page.text()).toContain('Only: Visit …7QK2');
    expect(page.text()).toContain('Who of the clinic looked at itDr. Lena Vogtonce');
    expect(page.hasButton('Only this visit: …7QK2')).toBe(false);
    await page.press('Show everything');
    expect(searchAudit.mock.lastCall?.[0].visit).toBeNull();
  });
  it('looks further back when asked, and keeps what was there', async () => {
    const searchAudit = vi.fn(({ before }: AuditSearch) => Promise.resolve({ entries: [entry({ place: before === null ? 9 : 1 })], next: before === null ? 9 : null }));
    await open({ searchAudit });
    await page.press('Look further back');
    for (const words of ['Entry 9', 'Entry 1', 'the log begins here']) expect(page.text()).toContain(words);
    expect(page.hasButton('Look further back')).toBe(false);
    expect(document.activeElement?.id).toBe('entries');
  });
  it('says that there is nothing only when it has read everything', async () => {
    await open({ searchAudit: () => Promise.resolve({ entries: [entry()], next: 5 }) });
    await page.pick('What', 'Accounts');
    expect(page.text()).toContain('may be older');
    expect(page.text()).not.toContain('no such entry');
  });
  it('drops the answer to an earlier question', async () => {
    let late: (() => void) | undefined;
    const searchAudit = vi.fn(({ person }: AuditSearch) =>
      person === null
        ? new Promise<{ entries: AuditLine[]; next: null }>((done) => {
            late = () => done({ entries: [entry({ kind: 'visit.created' })], next: null });
          })
        : Promise.resolve({ entries: [entry({ kind: 'chat.sent' })], next: null }),
    );
    await open({ searchAudit });
    await page.pick('Person', 'Ola Berg');
    await acting(() => late?.());
    expect(page.text()).toContain('wrote in the chat');
    expect(page.text()).not.toContain('made a visit');
  });
  it('stands without names when they do not come', async () => {
    const listPeople = vi.fn(people).mockRejectedValueOnce(new BedsideError('offline'));
    await open({ listPeople, searchAudit: answering(entry()) });
    expect(page.text()).toContain('Somebody of the clinic saw who the visit is with');
    await page.press('Try again');
    expect(page.text()).toContain('Dr. Lena Vogt saw who the visit is with');
  });
  it('says from where, with what, under which name and why, while that is kept', async () => {
    const words: AuditLine['words'] = { state: 'open', from: '192.0.2.7', with: 'Firefox 128 on Linux', name: 'Dr. Lena Vogt', reason: 'Unconscious' };
    await open({ searchAudit: answering(entry({ words })) });
    for (const said of ['From 192.0.2.7', 'Firefox 128 on Linux', 'Reason: Unconscious']) expect(page.text()).toContain(said);
    expect(page.text()).not.toContain('Name then');
    await page.remove();
    await open({ searchAudit: answering(entry({ words: { ...words, name: 'Dr. Lena Hartmann' } })) });
    expect(page.text()).toContain('Name then: Dr. Lena Hartmann');
  });
  it.each([
    ['erased', 'erased with the patient’s data'],
    ['altered', 'Check the log now'],
  ] as const)('says plainly when it is %s', async (state, said) => {
    await open({ searchAudit: answering(entry({ words: { state } })) });
    expect(page.text()).toContain(said);
  });
  it('can be asked for again when it did not come', async () => {
    const searchAudit = answering(entry()).mockRejectedValueOnce(new BedsideError('offline'));
    await open({ searchAudit });
    expect(page.text()).toContain('The server was not reached');
    await page.press('Try again');
    expect(page.text()).toContain('saw who the visit is with');
  });
  it('opens narrowed when somebody came for a visit, and once only', async () => {
    const searchAudit = answering();
    showLog({ visit: '01VISIT', called: 'Noor Haddad' });
    expect(location.hash).toBe('#log');
    await open({ searchAudit });
    expect(page.text()).toContain('Only: Noor Haddad');
    expect(page.text()).toContain('Nobody.');
    expect(searchAudit.mock.lastCall?.[0].visit).toBe('01VISIT');
    expect(takeLogWish()).toBeNull();
  });
  it('opens narrowed to a patient, and so does its file', async () => {
    const [searchAudit, exportAudit] = [answering(entry()), vi.fn(() => Promise.resolve({ name: 'audit-log.jsonl', content: new Blob(['{}']) }))];
    showLog({ patient: '01PATIENT', called: 'Noor Haddad' });
    await open({ searchAudit, exportAudit });
    expect(page.text()).toContain('Only: Noor Haddad');
    expect(searchAudit.mock.lastCall?.[0]).toEqual({ visit: null, patient: '01PATIENT', person: null, before: null });
    await page.press('Take it as a file');
    await page.submitLast();
    expect(exportAudit).toHaveBeenCalledWith({ patient: '01PATIENT', format: 'jsonl' });
  });
  it('is taken as a file in the form that is chosen, narrowed as the page is', async () => {
    const exportAudit = vi.fn(() => Promise.resolve({ name: 'audit-log.fhir.json', content: new Blob(['{}']) }));
    await open({ searchAudit: answering(entry()), exportAudit });
    await page.pick('Person', 'Dr. Lena Vogt');
    await page.pick('What', 'Signing in');
    await page.press('Take it as a file');
    for (const words of ['Only: Dr. Lena Vogt', 'All kinds of entries are in the file']) expect(page.text()).toContain(words);
    await page.pickRadio('fhir');
    await page.submitLast();
    expect(exportAudit).toHaveBeenCalledWith({ person: 'lena', format: 'fhir' });
    expect(page.text()).not.toContain('The log as a file');
  });
  it('says why there is no file, and keeps the choice', async () => {
    await open({ searchAudit: answering(entry()), exportAudit: () => Promise.reject(new BedsideError('offline')) });
    await page.press('Take it as a file');
    expect(page.text()).toContain('The whole log');
    await page.submitLast();
    expect(page.text()).toContain('The server was not reached');
    expect(page.text()).toContain('The log as a file');
  });
  it('is reached from a review', async () => {
    await open({ listEmergencies: () => Promise.resolve({ emergencies: [opening()], unreviewed: 1 }) }, <Reviews />);
    await page.pressLast('Who looked at this?');
    expect(takeLogWish()?.visit).toBe(opening().visit);
  });
});
