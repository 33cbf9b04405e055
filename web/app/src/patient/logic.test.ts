import { describe, expect, it, vi } from 'vitest';
import type { CheckCode, CheckItem, CheckState, Phase } from '@bedside/client';
import { readBirthDate } from './birthDate';
import { allWell, checkPage, NO_ANSWERS, verdictOf, type Answers, type Items } from './check/flow';
import { readClinic } from './clinic';
import { untilThere } from './fetching';
import { consentHolds, pageOf } from './flow';
import { readPlatform } from './problem/platform';

describe('the date of birth', () => {
  it.each([
    [['2', '1', '1980'], '1980-01-02'],
    [[' 29 ', '02', '2024'], '2024-02-29'],
    [['29', '2', '2023'], null],
    [['31', '4', '1990'], null],
    [['0', '1', '1990'], null],
    [['1', '13', '1990'], null],
    [['1', '1', '90'], null],
    [['1', '1', '2027'], null],
    [['1', '1', '1890'], null],
    [['1e1', '1', '1990'], null],
    [['', '', ''], null],
  ] as const)('%j', ([day, month, year], expected) => {
    expect(readBirthDate({ day, month, year }, 2026)).toBe(expected);
  });
});

describe('the page of a visit', () => {
  const arrived = { fresh: true, checked: false };
  const checked = { fresh: true, checked: true };
  const back = { fresh: false, checked: false };

  it('starts the check before the server has answered', () => {
    expect(pageOf('hello', arrived)).toBe('check');
    expect(pageOf('checking', arrived)).toBe('check');
  });
  it('waits for the server after the check', () => {
    expect(pageOf('hello', checked)).toBe('connecting');
    expect(pageOf('checking', checked)).toBe('connecting');
    expect(pageOf('consenting', checked)).toBe('consent');
  });
  it('checks a device that opens a visit which stands at consent', () => {
    expect(pageOf('consenting', arrived)).toBe('check');
    expect(pageOf('consenting', back)).toBe('consent');
  });
  it('goes straight back into a call after a reload', () => {
    expect(pageOf('hello', back)).toBe('connecting');
    expect(pageOf('in_call', back)).toBe('call');
    expect(pageOf('admitted', back)).toBe('call');
    expect(pageOf('waiting', back)).toBe('waiting');
  });
  it('says that the place is gone before anything is asked, and waits once the person comes back', () => {
    expect(pageOf('checking', { ...checked, expired: true })).toBe('expired');
    expect(pageOf('checking', { ...back, expired: true })).toBe('expired');
    expect(pageOf('checking', { ...checked, expired: true, returning: true })).toBe('connecting');
    expect(pageOf('consenting', { ...checked, returning: true })).toBe('connecting');
    expect(pageOf('waiting', { ...checked, expired: true, returning: true })).toBe('waiting');
  });
  it('asks for consent again only where an answer is missing, old or no', () => {
    const ask = { purpose: 'visit', text_version: 'v2', required: true } as const;
    const more = { purpose: 'captions', text_version: 'c1', required: false } as const;
    const given = { purpose: 'visit', text_version: 'v2', decision: 'given' } as const;
    const refused = { purpose: 'captions', text_version: 'c1', decision: 'refused' } as const;
    expect(consentHolds([ask, more], [given, refused])).toBe(true);
    expect(consentHolds([ask, more], [given])).toBe(false);
    expect(consentHolds([ask], [{ ...given, text_version: 'v1' }])).toBe(false);
    expect(consentHolds([ask], [{ ...given, decision: 'withdrawn' }])).toBe(false);
  });
  it('lets nothing hide the end', () => {
    const ends: readonly (readonly [Phase, string])[] = [
      ['ended', 'bye'],
      ['removed', 'removed'],
      ['refused', 'fault'],
      ['taken_over', 'taken_over'],
      ['closing', 'closing'],
    ];
    for (const [phase, page] of ends) for (const progress of [arrived, checked, back]) expect(pageOf(phase, progress)).toBe(page);
  });
});

const OK: CheckState = { state: 'ok', code: null };
const IDLE: CheckState = { state: 'idle', code: null };
const RUNNING: CheckState = { state: 'running', code: null };
const failed = (code: CheckCode): CheckState => ({ state: 'failed', code });
const items = (over: Partial<Items> = {}): Items => ({ camera: OK, microphone: OK, speaker: IDLE, network: RUNNING, ...over });
const at = (...passed: CheckItem[]): Answers => ({ started: true, passed, unseen: false });

describe('the page of the check', () => {
  it('asks nothing of the browser before the press', () => {
    expect(checkPage(items({ camera: IDLE, microphone: IDLE }), NO_ANSWERS)).toEqual({ at: 'intro' });
  });
  it('goes through the items one by one', () => {
    expect(checkPage(items({ camera: { state: 'asking', code: null } }), at()).at).toBe('asking');
    expect(checkPage(items(), at())).toEqual({ at: 'camera' });
    expect(checkPage(items({ microphone: RUNNING }), at('camera'))).toEqual({ at: 'microphone', heard: false });
    expect(checkPage(items(), at('camera'))).toEqual({ at: 'microphone', heard: true });
    expect(checkPage(items(), at('camera', 'microphone'))).toEqual({ at: 'speaker' });
    expect(checkPage(items({ speaker: OK }), at('camera', 'microphone', 'speaker'))).toEqual({ at: 'summary' });
  });
  it('names one cause once when it stands in the way of both devices', () => {
    const denied = failed('permission_blocked_site');
    expect(checkPage(items({ camera: denied, microphone: denied }), at())).toMatchObject({ item: 'camera', both: true });
    expect(checkPage(items({ camera: failed('no_camera') }), at())).toMatchObject({ item: 'camera', both: false });
  });
  it('believes the person who sees nothing', () => {
    expect(checkPage(items(), { ...at(), unseen: true })).toMatchObject({ at: 'problem', code: 'black_video' });
  });
  it('leaves a problem by itself when it is mended', () => {
    expect(checkPage(items({ microphone: failed('silent_microphone') }), at('camera')).at).toBe('problem');
    expect(checkPage(items(), at('camera')).at).toBe('microphone');
  });
  it('does not hold up people who go on without', () => {
    const none = items({ camera: failed('no_camera'), microphone: failed('no_microphone'), speaker: failed('speaker_failed') });
    expect(checkPage(none, at('camera', 'microphone', 'speaker'))).toEqual({ at: 'summary' });
  });
  it('tells not checked from failed', () => {
    expect([OK, IDLE, RUNNING, failed('in_use')].map(verdictOf)).toEqual(['ok', 'skipped', 'running', 'failed']);
    expect(allWell(items())).toBe(false);
    expect(allWell({ camera: OK, microphone: OK, speaker: OK, network: OK })).toBe(true);
  });
});

describe('the platform', () => {
  it.each([
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1', 5, 'ios', 'ios_safari'],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1', 5, 'ios', 'ios_other'],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15', 5, 'ios', 'ios_safari'],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15', 0, 'mac', 'mac_safari'],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36', 0, 'mac', 'chromium'],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0', 0, 'windows', 'firefox'],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0', 0, 'windows', 'chromium'],
    ['Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36', 5, 'android', 'android'],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 0, 'other', 'firefox'],
    ['', 0, 'other', 'chromium'],
  ])('%s', (userAgent, touch, system, site) => {
    expect(readPlatform(userAgent, touch)).toEqual({ system, site });
  });
});

it('tries until it is there, and says how often it failed', async () => {
  const load = vi.fn(() => Promise.resolve('page')).mockRejectedValueOnce(new Error('1')).mockRejectedValueOnce(new Error('2'));
  const failures: number[] = [];
  const waits: number[] = [];
  const wait = (span_ms: number) => {
    waits.push(span_ms);
    return Promise.resolve();
  };
  expect(await untilThere(load, (count) => failures.push(count), wait)).toBe('page');
  expect(failures).toEqual([1, 2]);
  expect(waits).toEqual([2000, 2000]);
});

it('reads the clinic off the page, and takes empty for unknown', () => {
  const page = document.createElement('div');
  const meta = (name: string, content: string) => {
    const element = document.createElement('meta');
    element.name = name;
    element.content = content;
    page.append(element);
  };
  expect(readClinic(page)).toEqual({ name: null, helpPhone: null });
  meta('bedside-clinic', ' Harbour Street ');
  meta('bedside-help-phone', '');
  expect(readClinic(page)).toEqual({ name: 'Harbour Street', helpPhone: null });
});
