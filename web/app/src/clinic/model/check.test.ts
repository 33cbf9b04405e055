import { describe, expect, it } from 'vitest';
import { readCheck } from './check';
import { GOOD_CHECK, SILENT_CHECK, VOICE_CHECK } from '../../../gallery/fixtures';

describe('a device check', () => {
  it('says when there was none', () => expect(readCheck(undefined).level).toBe('none'));
  it('says when all is well', () => expect(readCheck(GOOD_CHECK)).toEqual({ level: 'ok', problems: [], slowRttMs: null }));
  it('takes a missing camera lightly and mentions a slow network', () => {
    expect(readCheck(VOICE_CHECK)).toEqual({ level: 'problem', problems: [{ item: 'camera', code: 'no_camera' }], slowRttMs: 480 });
  });
  it('takes silence seriously', () => expect(readCheck(SILENT_CHECK).level).toBe('serious'));
  it('needs no measurement', () => expect(readCheck({ outcomes: [], rtt_ms: null }).level).toBe('ok'));
});
