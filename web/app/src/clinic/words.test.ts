import { beforeEach, describe, expect, it } from 'vitest';
import { CHECK_CODES, ERROR_CODES } from '@bedside/client/protocol';
import { setLocale } from '../i18n';
import { clinicWords } from './i18n';
import { readCheck } from './model/check';
import { GOOD_CHECK, SILENT_CHECK, VOICE_CHECK, link, seat, visit } from '../../gallery/fixtures';
import { checkLines, errorText, nameOf, qualityText, readyMessages } from './words';

const rosa = (figures: Parameters<typeof link>[0], state: 'in_call' | 'away' = 'in_call') =>
  qualityText({ name: 'Rosa', state, link: link(figures) });

describe.each(['en', 'es'] as const)('the words in %s', (language) => {
  beforeEach(async () => {
    await setLocale(language);
    await clinicWords.load();
  });

  it('have a sentence of their own for every code of the server', () => {
    const sentences = ERROR_CODES.map((code) => errorText(code));
    expect(new Set(sentences).size).toBe(ERROR_CODES.length);
    expect(sentences).not.toContain(clinicWords.t.error.device);
  });

  it('have one common sentence for every fault of a device', () => {
    for (const code of CHECK_CODES) expect(errorText(code)).toBe(clinicWords.t.error.device);
  });

  it('say how a connection is, with name and figure', () => {
    const both = rosa({ level: 'poor', uplink_loss_pct: 8, downlink_loss_pct: 5 });
    for (const part of ['Rosa', '8', '5']) expect(both).toContain(part);
    expect(rosa({}, 'away')).toBe(clinicWords.t.quality.lost('Rosa'));
    expect(qualityText({ name: 'Rosa', state: 'in_call', link: null })).toBe(clinicWords.t.quality.unknown('Rosa'));
    expect(rosa({ level: 'fair', rtt_ms: 600 })).toContain('0.6');
  });

  it('tell the device check in lines and offer its remedy first', () => {
    expect(checkLines(readCheck(undefined))).toEqual([clinicWords.t.check.none]);
    expect(checkLines(readCheck(GOOD_CHECK))).toEqual([clinicWords.t.check.ok]);
    expect(checkLines(readCheck(VOICE_CHECK))).toEqual([clinicWords.t.check.code.no_camera, clinicWords.t.check.slow(480)]);
    expect(readyMessages(readCheck(SILENT_CHECK))[0]).toBe(clinicWords.t.check.advice.silent_microphone);
  });

  it('always have a name for a visit', () => {
    expect(nameOf(visit())).toBe('Rosa Alvarez');
    expect(nameOf(visit({ seats: [seat({ role: 'host' })] }))).toBe(clinicWords.t.visit.unnamed);
  });
});
