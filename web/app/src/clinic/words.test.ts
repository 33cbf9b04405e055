import { beforeEach, describe, expect, it } from 'vitest';
import { CHECK_CODES, ERROR_CODES } from '@bedside/client/protocol';
import { setLocale } from '../i18n';
import { clinicWords } from './i18n';
import { readCheck } from './model/check';
import { GOOD_CHECK, SILENT_CHECK, VOICE_CHECK, link, seat, trouble, visit } from '../../gallery/fixtures';
import { checkLines, errorText, nameOf, qualityStep, qualityText, readyMessages } from './words';

const rosa = { name: 'Rosa', state: 'in_call', link: link(), trouble: null } as const;

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

  it('say how a connection is, with name and figure, and what to do', () => {
    const { quality } = clinicWords.t;
    expect(qualityText({ ...rosa, state: 'away' })).toBe(quality.lost('Rosa'));
    expect(qualityText({ ...rosa, link: null })).toBe(quality.unknown('Rosa'));
    expect(qualityText(rosa)).toBe(quality.good('Rosa'));
    expect(qualityStep(rosa)).toBeNull();
    const lossy = { ...rosa, trouble: trouble({ code: 'uplink_loss', figure: { unit: 'percent', value: 8 } }) };
    for (const part of ['Rosa', '8']) expect(qualityText(lossy)).toContain(part);
    expect(qualityStep(lossy)).toBe(quality.step.uplink_loss);
    const late = { ...rosa, trouble: trouble({ code: 'uplink_delay', figure: { unit: 'ms', value: 1_640 } }) };
    expect(qualityText(late)).toContain(language === 'es' ? '1,6' : '1.6');
  });

  it('need no figure to be whole sentences', () => {
    for (const said of Object.values(clinicWords.t.quality.said)) expect(said('Rosa', '')).not.toMatch(/\(\)| \./);
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
