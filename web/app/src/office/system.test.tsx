/** The page about the server: what it calls wrong, what it says to do, and that it judges nothing anew. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LogTroubleKind, SystemState, WitnessStanding, WitnessState } from '@bedside/client';
import { BedsideError } from '@bedside/client/clinic';
import { NOW_US, me, min } from '../../gallery/fixtures';
import { officeDouble, system } from '../../gallery/office';
import { draw, type Drawn } from '../clinic/testing';
import { OfficeContext, type OfficeApi } from './context';
import { Home } from './Home';
import { System } from './System';
import { LITTLE_BYTES, LOG_COMMANDS, ofAll, ofBackup, ofKeys, ofLog, ofReport, ofStorage, shares, vouchFor } from './system';
import { agoText, bytesText, officeWords, systemWords, tookText } from './words';

const GOOD = system();
const witness = (standing: WitnessStanding, over: Partial<WitnessState> = {}): WitnessState => ({ name: `${standing}.example/log`, standing, ...over });
const log = (...standings: WitnessStanding[]) => ({ ...GOOD.log, witnesses: standings.map((one) => witness(one)) });
const trouble = (kind: LogTroubleKind) => ({ ...GOOD.log, trouble: { kind, code: kind, since: NOW_US } });
const TROUBLES: LogTroubleKind[] = ['passing', 'shorter', 'witness_ahead', 'forked', 'other_key', 'damaged'];

describe('the log is', () => {
  it.each<[string, string, Parameters<typeof ofLog>[0]]>([
    ['signed', 'ok', GOOD.log],
    ['signed', 'ok', log()],
    ['signed', 'ok', log('signed', 'not_asked')],
    ['witness_away', 'warn', log('signed', 'away')],
    ['witness_away', 'warn', log('refused')],
    ['witness_wrong', 'danger', log('away', 'ahead')],
    ['witness_wrong', 'danger', log('forked')],
    ['passing', 'warn', trouble('passing')],
    ['stopped', 'danger', trouble('forked')],
    ['stopped', 'danger', { ...trouble('damaged'), witnesses: [witness('away')] }],
  ])('%s (%s)', (state, health, of) => {
    expect(ofLog(of)).toEqual({ state, health });
  });
  it('not signed yet, which is nobody’s fault', () => {
    const { signed_at: _, ...unsigned } = GOOD.log;
    expect(ofLog(unsigned)).toEqual({ state: 'not_yet', health: 'plain' });
  });
  it('mended by a command only where one exists', () => {
    expect(TROUBLES.filter((kind) => LOG_COMMANDS[kind] === null)).toEqual(['passing', 'forked', 'other_key']);
  });
});

describe('other parts', () => {
  it('keys: broken comes before a change that is not finished', () => {
    const keys = { ...GOOD.keys, to_rewrap: 3 };
    expect([ofKeys(GOOD.keys), ofKeys(keys), ofKeys({ ...keys, healthy: false })].map(({ state }) => state)).toEqual(['working', 'rotating', 'broken']);
  });
  it('backups: the server’s word counts, and none is worse than untried', () => {
    const { backup } = GOOD;
    const states = [backup, { ...backup, drill_late: true }, { ...backup, late: true, drill_late: true }, { late: true, drill_late: true }];
    expect(states.map((of) => ofBackup(of).state)).toEqual(['in_order', 'drill_late', 'late', 'none']);
    expect(states.map((of) => ofBackup(of).health)).toEqual(['ok', 'warn', 'danger', 'danger']);
  });
  it('report: one open safeguard is enough', () => {
    const report = GOOD.report ?? { made_at: 0, proved: 0, attested: 0, not_applicable: 0, open: 0 };
    expect([ofReport(report), ofReport({ ...report, open: 1 }), ofReport(undefined)].map(({ state }) => state)).toEqual(['covered', 'open', 'none']);
  });
  it('disk: little is less than a gibibyte', () => {
    const of = (free_bytes: number) => ofStorage({ database: 'sqlite', free_bytes }).state;
    expect([of(LITTLE_BYTES - 1), of(LITTLE_BYTES), ofStorage({ database: 'sqlite' }).state]).toEqual(['little', 'room', 'unknown']);
  });
  it('counts parts, and is as grave as the gravest', () => {
    const of = (over: Partial<SystemState>) => ofAll(system(over));
    expect(of({})).toEqual({ toDo: 0, health: 'ok' });
    expect(of({ keys: { ...GOOD.keys, to_rewrap: 1 } })).toEqual({ toDo: 1, health: 'warn' });
    expect(of({ keys: { ...GOOD.keys, to_rewrap: 1 }, not_believed: ['backup', 'drill'] })).toEqual({ toDo: 2, health: 'danger' });
  });
  it('bars are parts of the whole', () => {
    expect([shares([1, 3]), shares([0, 0]), shares([])]).toEqual([[0.25, 0.75], [0, 0], []]);
  });
  it('a witness vouches for what it has signed, and no more', () => {
    const of = { ...GOOD.log, witnesses: [witness('signed', { entries: 10 }), witness('away', { entries: 5 }), witness('not_asked')] };
    expect([4, 5, 9, 10].map((place) => vouchFor(place, of))).toEqual([2, 1, 1, 0]);
  });
});

describe('figures', () => {
  it.each([
    [0, 'now'],
    [59, '59 seconds ago'],
    [60, '1 minute ago'],
    [3_599, '59 minutes ago'],
    [3_600 * 47, '47 hours ago'],
    [3_600 * 48, '2 days ago'],
    [-5, 'now'],
  ])('%s seconds are “%s”', (seconds, words) => {
    expect(agoText(NOW_US - seconds * 1e6, NOW_US)).toBe(words);
  });
  it('have units', () => {
    expect([bytesText(999), bytesText(31_457_280), bytesText(38e9)]).toEqual(['999 byte', '31.5 MB', '38 GB']);
    expect([tookText(1_240), tookText(12_400), tookText(120_000)]).toEqual(['1.2 seconds', '12 seconds', '2 minutes']);
  });
});

describe('the page', () => {
  let page: Drawn;
  beforeEach(async () => {
    await Promise.all([officeWords.load(), systemWords.load()]);
  });
  afterEach(() => page.remove());
  const open = async (readSystem: OfficeApi['readSystem']) => {
    page = await draw(
      <OfficeContext.Provider value={{ me: me({ role: 'officer' }), api: officeDouble({ readSystem }) }}>
        <System />
      </OfficeContext.Provider>,
    );
  };
  const showing = (over: Partial<SystemState>) => open(() => Promise.resolve(system(over)));
  const commands = () => [...page.root.querySelectorAll('code')].map(({ textContent }) => textContent);

  it('says that all is well, and asks for nothing', async () => {
    await showing({});
    expect(page.text()).toContain('All is well.');
    expect(page.text()).not.toContain('What to do');
    expect(commands()).toEqual([]);
  });
  it.each(TROUBLES)('says what to do when the log is in trouble: %s', async (kind) => {
    await showing({ log: trouble(kind) });
    expect(page.text()).toContain(systemWords.t.log.step[kind]);
    expect(commands()).toEqual([LOG_COMMANDS[kind]].filter((one) => one !== null));
  });
  it('asks for one step per part: trouble of the log goes before its witnesses', async () => {
    await showing({ log: { ...trouble('forked'), witnesses: [witness('away')] } });
    expect(page.text().match(/What to do/g)).toHaveLength(1);
  });
  it.each(['away', 'refused', 'ahead', 'forked'] as const)('says what to do about a witness: %s', async (standing) => {
    await showing({ log: log('signed', standing) });
    expect(page.text()).toContain(systemWords.t.log.witnessStep[standing]);
  });
  it('shows how much each version of the keys locks, and how to finish a change', async () => {
    await showing({ keys: { ...GOOD.keys, to_rewrap: 300, versions: [{ version: 0, data_keys: 300 }, { version: 3, data_keys: 900 }] } });
    expect(page.text()).toContain('300 data keys are still under an older version.');
    const widths = [...page.root.querySelectorAll<HTMLElement>('[aria-label="How much each version locks"] .system-bars__part')].map(({ style }) => style.inlineSize);
    expect(widths).toEqual(['25%', '75%']);
    expect(commands()).toEqual(['bedside keys rotate -c bedside.toml --resume']);
  });
  it('names records that the server does not believe', async () => {
    await showing({ not_believed: ['drill'] });
    for (const words of ['One thing needs somebody', 'of the newest trial of a backup', 'count for nothing']) expect(page.text()).toContain(words);
  });
  it('takes an unknown keeper of keys and an unknown database by their own names', async () => {
    await showing({ keys: { ...GOOD.keys, provider: 'transit' }, storage: { database: 'other' } });
    expect(page.text()).toContain('Kept by transit');
    expect(page.text()).toContain('Database: other');
  });
  it('looks again when asked, and keeps what it knew when that fails', async () => {
    const readSystem = vi
      .fn(() => Promise.resolve(system()))
      .mockResolvedValueOnce(system({ backup: { late: true, drill_late: true } }))
      .mockRejectedValueOnce(new BedsideError('offline'));
    await open(readSystem);
    expect(page.text()).toContain('No backup known');
    await page.press('Look again');
    expect(page.text()).toContain('The server was not reached');
    expect(page.text()).toContain('No backup known');
    await page.press('Try again');
    expect(page.text()).toContain('All is well.');
  });
  it('is told in short at home, and home serves without it', async () => {
    const api = officeDouble({ whoAmI: () => Promise.resolve(me({ role: 'officer', reviews: { open: 0, overdue: 0 } })), readSystem: () => Promise.resolve(system({ not_believed: ['report'] })) });
    const home = (of: OfficeApi) => (
      <OfficeContext.Provider value={{ me: me({ role: 'officer' }), api: of }}>
        <Home key={of === api ? 'with' : 'without'} />
      </OfficeContext.Provider>
    );
    page = await draw(home(api));
    expect(page.text()).toContain('One thing needs somebody');
    await page.again(home({ ...api, readSystem: () => Promise.reject(new BedsideError('offline')) }));
    expect(page.text()).not.toContain('One thing needs somebody');
    expect(page.text()).not.toContain('not reached');
  });
  it('counts ages by the server’s clock', async () => {
    await showing({ now: NOW_US + min(60) });
    expect(page.text()).toContain('The newest was made 8 hours ago');
  });
});
