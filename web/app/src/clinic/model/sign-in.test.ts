import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '@bedside/client';
import type { SignInEvent, SignInState } from './sign-in';
import { STARTING, bareCode, isAppCode, linkSecret, secondsLeft, signInReducer, providerBack } from './sign-in';
import { me } from '../../../gallery/fixtures';

const SECRET = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ';
const run = (...events: SignInEvent[]): SignInState => events.reduce(signInReducer, STARTING);
const refused = (code: ErrorCode | 'offline', retryAfterMs: number | null = null): SignInEvent => ({
  kind: 'refused',
  code,
  nowMs: 1_000,
  retryAfterMs,
});
const PASSWORD_FORM: SignInEvent = refused('not_signed_in');

describe('signing in', () => {
  it('starts at the form when nobody is signed in, without calling it an end', () => {
    expect(run(PASSWORD_FORM).stage).toEqual({ at: 'password', notice: null });
  });

  it('goes password, code, in', () => {
    expect(run(PASSWORD_FORM, { kind: 'sent' }).busy).toBe(true);
    const code = run(PASSWORD_FORM, { kind: 'sent' }, { kind: 'next', next: 'code', factors: [] });
    expect(code).toEqual({ stage: { at: 'code', factors: [] }, busy: false, refusal: null, ways: null });
    expect(signInReducer(code, { kind: 'me', me: me() }).stage.at).toBe('in');
  });

  it('takes up a sign-in that was left half-way', () => {
    expect(run(refused('second_factor_needed')).stage.at).toBe('code');
    expect(run(refused('enrolment_needed')).stage).toEqual({ at: 'enrol', mfa: null });
  });

  it('stays on the screen with the reason when refused', () => {
    const state = run(PASSWORD_FORM, { kind: 'sent' }, refused('bad_credentials'));
    expect(state.stage).toEqual({ at: 'password', notice: null });
    expect(state.refusal).toEqual({ code: 'bad_credentials', untilMs: null });
  });

  it('counts a lockout from now', () => {
    expect(run(PASSWORD_FORM, refused('locked_out', 60_000)).refusal).toEqual({ code: 'locked_out', untilMs: 61_000 });
    expect(secondsLeft(61_000, 1_000)).toBe(60);
    expect(secondsLeft(61_000, 60_500)).toBe(1);
    expect(secondsLeft(61_000, 99_000)).toBe(0);
  });

  it('offers to try again when the server is not there at the start, but keeps a form that is open', () => {
    expect(run(refused('offline')).stage.at).toBe('unreachable');
    expect(run(PASSWORD_FORM, refused('offline')).stage.at).toBe('password');
  });

  it('says so when the session ends while somebody works', () => {
    expect(run({ kind: 'me', me: me() }, refused('not_signed_in')).stage).toEqual({ at: 'password', notice: 'session_over' });
  });
});

describe('the one-time link', () => {
  const onLink = run({ kind: 'link_found', secret: SECRET });

  it('waits for the button', () => expect(onLink.stage).toEqual({ at: 'link', secret: SECRET }));

  it('asks for a password, then for the app, then shows the codes', () => {
    const password = signInReducer(onLink, { kind: 'next', next: 'password', factors: [] });
    expect(password.stage).toEqual({ at: 'new_password', secret: SECRET });
    const enrol = signInReducer(password, { kind: 'next', next: 'enrol', factors: [] });
    expect(enrol.stage).toEqual({ at: 'enrol', mfa: null });
    const mfa = { qr_svg: '<svg/>', secret: 'ABCD' };
    const ready = signInReducer(enrol, { kind: 'mfa_ready', mfa });
    expect(ready.stage).toEqual({ at: 'enrol', mfa });
    const done = signInReducer(ready, { kind: 'enrolled', codes: ['one', 'two'] });
    expect(done.stage).toEqual({ at: 'recovery', codes: ['one', 'two'] });
  });

  it.each(['no_such_visit', 'not_found', 'token_expired', 'bad_credentials'] as const)('is dead after %s', (code) => {
    expect(signInReducer(onLink, refused(code)).stage).toEqual({ at: 'password', notice: 'link_dead' });
  });

  it('keeps the secret through a weak password, a lockout and a lost connection', () => {
    const password = signInReducer(onLink, { kind: 'next', next: 'password', factors: [] });
    for (const code of ['weak_password', 'locked_out', 'offline'] as const) {
      expect(signInReducer(password, refused(code)).stage).toEqual({ at: 'new_password', secret: SECRET });
    }
  });

  it('ignores an authenticator that comes too late', () => {
    const state = run(PASSWORD_FORM, { kind: 'mfa_ready', mfa: { qr_svg: '<svg/>', secret: 'ABCD' } });
    expect(state.stage.at).toBe('password');
  });
});

describe('what people type', () => {
  it('finds the secret in the fragment and nothing else', () => {
    expect(linkSecret(`#in=${SECRET}`)).toBe(SECRET);
    for (const bad of ['', '#', '#in=', '#in=short', `#x=${SECRET}`, `#in=${SECRET}&y=1`, `#in=<${SECRET}>`]) {
      expect(linkSecret(bad)).toBeNull();
    }
  });
  it('knows an app code from a recovery code', () => {
    expect(isAppCode('123 456')).toBe(true);
    expect(isAppCode('abcd-efgh')).toBe(false);
    expect(bareCode(' 123 456 ')).toBe('123456');
  });
});

describe('the way back from the identity provider', () => {
  it('is read from its own address only', () => {
    expect(providerBack('/clinic', '?state=s&code=c')).toBeNull();
    expect(providerBack('/signin/back', '?state=s&code=c&iss=https%3A%2F%2Fid.example')).toEqual({ state: 's', code: 'c', iss: 'https://id.example' });
    expect(providerBack('/signin/back', '?error=access_denied&state=s')).toEqual({ state: 's' });
    expect(providerBack('/signin/back', '')).toEqual({ state: '' });
  });
});
