import { describe, expect, it, vi } from 'vitest';
import { BedsideError } from '@bedside/client/clinic';
import { createSession, type SessionApi } from './session';
import { me } from '../../gallery/fixtures';

/** A server that refuses everything unless the test says otherwise. */
function server(over: Partial<SessionApi> = {}): SessionApi {
  const no = () => Promise.reject(new BedsideError('not_signed_in'));
  return {
    whoAmI: no,
    signIn: no,
    signInCode: no,
    signInLink: no,
    mfaStart: no,
    mfaFinish: no,
    signInWays: no,
    ssoStart: no,
    ssoFinish: no,
    leave: () => {},
    passkeyRequest: no,
    usePasskey: no,
    signInPasskey: no,
    passkeyCreation: no,
    createPasskey: no,
    addPasskey: no,
    knowsPasskeys: () => true,
    signOut: () => Promise.resolve(),
    signOutEverywhere: () => Promise.resolve(),
    ...over,
  };
}

const at = (api: SessionApi) => createSession(api, () => 5_000);

describe('the session', () => {
  it('goes straight in while the sign-in holds', async () => {
    const session = at(server({ whoAmI: async () => me() }));
    await session.start(null);
    expect(session.state.value.stage).toEqual({ at: 'in', me: me() });
  });

  it('signs in with password and code, spaces in the code and e-mail forgiven', async () => {
    let signedIn = false;
    const signIn = vi.fn(async () => ({ next: 'code' as const, factors: [] }));
    const signInCode = vi.fn(async () => {
      signedIn = true;
      return { next: 'done' as const, factors: [] };
    });
    const whoAmI = async () => {
      if (!signedIn) throw new BedsideError('not_signed_in');
      return me();
    };
    const session = at(server({ whoAmI, signIn, signInCode }));
    await session.start(null);
    expect(session.state.value.stage.at).toBe('password');
    await session.password(' imani@clinic.example ', 'four words of mine');
    expect(signIn).toHaveBeenCalledWith('imani@clinic.example', 'four words of mine');
    expect(session.state.value.stage.at).toBe('code');
    await session.code('123 456');
    expect(signInCode).toHaveBeenCalledWith('123456');
    expect(session.state.value.stage.at).toBe('in');
  });

  it('shows the time left of a lockout by the steady clock', async () => {
    const signIn = () => Promise.reject(new BedsideError('locked_out', { retryAfterMs: 30_000 }));
    const session = at(server({ signIn }));
    await session.start(null);
    await session.password('a@b.co', 'x');
    expect(session.state.value.refusal).toEqual({ code: 'locked_out', untilMs: 35_000 });
    expect(session.state.value.busy).toBe(false);
  });

  const ASKED = { challenge: 'c', rp_id: 'clinic.example', allow: [], must_verify: true };
  const USED = { credential: 'i', client_data: 'd', authenticator_data: 'a', signature: 's' };

  it('signs in by a passkey alone, and after the password', async () => {
    const passkeyRequest = vi.fn(async () => ASKED);
    const signInPasskey = vi.fn(async () => ({ next: 'done' as const, factors: [] }));
    const signIn = async () => ({ next: 'code' as const, factors: ['passkey' as const] });
    let signedIn = false;
    const whoAmI = async () => {
      if (!signedIn) throw new BedsideError('not_signed_in');
      return me();
    };
    const api = server({ whoAmI, signIn, passkeyRequest, usePasskey: async () => USED, signInPasskey });
    const alone = at(api);
    await alone.start(null);
    signedIn = true;
    await alone.passkey(true);
    expect(passkeyRequest).toHaveBeenLastCalledWith(true);
    expect(signInPasskey).toHaveBeenLastCalledWith(USED);
    expect(alone.state.value.stage.at).toBe('in');

    const second = at(api);
    await second.password('imani@clinic.example', 'four words of mine');
    expect(second.state.value.stage).toEqual({ at: 'code', factors: ['passkey'] });
    await second.passkey(false);
    expect(passkeyRequest).toHaveBeenLastCalledWith(false);
    expect(second.state.value.stage.at).toBe('in');
  });

  it('goes to the identity provider and comes back from it', async () => {
    const leave = vi.fn();
    const ssoFinish = vi.fn(async () => ({ next: 'code' as const, factors: ['app' as const] }));
    const there = at(server({ ssoStart: async () => ({ url: 'https://id.example/auth?x=1' }), leave }));
    await there.sso();
    expect(leave).toHaveBeenCalledWith('https://id.example/auth?x=1');
    const back = { state: 's', code: 'c' };
    const returned = at(server({ ssoFinish }));
    await returned.start(null, back);
    expect(ssoFinish).toHaveBeenCalledWith(back);
    expect(returned.state.value.stage).toEqual({ at: 'code', factors: ['app'] });
    const refused = at(server({ ssoFinish: () => Promise.reject(new BedsideError('sso_unknown')) }));
    await refused.start(null, back);
    expect(refused.state.value).toMatchObject({ stage: { at: 'password' }, refusal: { code: 'sso_unknown' } });
  });

  it('says so when no passkey was used, and offers none that the browser does not know', async () => {
    const usePasskey = () => Promise.reject(new BedsideError('passkey_dismissed'));
    const signInWays = async () => ({ passkeys: true });
    const session = at(server({ passkeyRequest: async () => ASKED, usePasskey, signInWays }));
    await session.start(null);
    expect(session.state.value.ways).toEqual({ passkeys: true });
    await session.passkey(true);
    expect(session.state.value).toMatchObject({ busy: false, refusal: { code: 'passkey_dismissed', untilMs: null } });
    const old = at(server({ signInWays, knowsPasskeys: () => false }));
    await old.start(null);
    expect(old.state.value.ways).toEqual({ passkeys: false });
  });

  it('takes a passkey instead of the app, and shows its recovery codes', async () => {
    const asked = { challenge: 'c', rp_id: 'clinic.example', rp_name: 'Clinic', user_handle: 'h', email: 'e', name: 'n', algorithms: [-7], exclude: [] };
    const createPasskey = vi.fn(async (_: typeof asked, name: string) => ({ name, client_data: 'd', attestation: 'a' }));
    const addPasskey = vi.fn(async () => ({ recovery_codes: ['one'] }));
    const session = at(server({ passkeyCreation: async () => asked, createPasskey, addPasskey }));
    await session.enrolPasskey('My passkey');
    expect(addPasskey).toHaveBeenCalledWith({ name: 'My passkey', client_data: 'd', attestation: 'a' });
    expect(session.state.value.stage).toEqual({ at: 'recovery', codes: ['one'] });
  });

  it('takes a one-time link from button to recovery codes without using it before', async () => {
    const signInLink = vi.fn(async (_secret: string, password?: string) => ({
      next: password === undefined ? ('password' as const) : ('enrol' as const),
      factors: [],
    }));
    const mfa = { qr_svg: '<svg/>', secret: 'ABCD' };
    const session = at(server({ signInLink, mfaStart: async () => mfa, mfaFinish: async () => ({ recovery_codes: ['one'] }), whoAmI: async () => me() }));
    await session.start('the-secret');
    expect(signInLink).not.toHaveBeenCalled();
    await session.link();
    expect(session.state.value.stage.at).toBe('new_password');
    await session.link('four words of mine');
    expect(signInLink).toHaveBeenLastCalledWith('the-secret', 'four words of mine');
    expect(session.state.value.stage).toEqual({ at: 'enrol', mfa });
    await session.confirmEnrolment('000 111');
    expect(session.state.value.stage).toEqual({ at: 'recovery', codes: ['one'] });
    await session.codesKept();
    expect(session.state.value.stage.at).toBe('in');
  });

  it('takes up an enrolment that a reload broke off', async () => {
    const mfa = { qr_svg: '<svg/>', secret: 'ABCD' };
    const session = at(server({ whoAmI: () => Promise.reject(new BedsideError('enrolment_needed')), mfaStart: async () => mfa }));
    await session.start(null);
    expect(session.state.value.stage).toEqual({ at: 'enrol', mfa });
  });

  it('can ask for the key again after a failure', async () => {
    const mfaStart = vi.fn<SessionApi['mfaStart']>();
    mfaStart.mockRejectedValueOnce(new BedsideError('offline')).mockResolvedValueOnce({ qr_svg: '<svg/>', secret: 'ABCD' });
    const session = at(server({ signInLink: async () => ({ next: 'enrol', factors: [] }), mfaStart }));
    await session.start('the-secret');
    await session.link();
    expect(session.state.value.refusal?.code).toBe('offline');
    await session.enrol();
    expect(session.state.value.refusal).toBeNull();
    expect(session.state.value.stage).toMatchObject({ at: 'enrol', mfa: { secret: 'ABCD' } });
  });

  it('hides the names before the server has answered the sign-out', async () => {
    let answer = () => {};
    const signOut = () => new Promise<void>((resolve) => (answer = resolve));
    const session = at(server({ whoAmI: async () => me(), signOut }));
    await session.start(null);
    const done = session.out('idle');
    expect(session.state.value.stage).toEqual({ at: 'password', notice: 'idle' });
    answer();
    await done;
    expect(session.state.value.stage).toEqual({ at: 'password', notice: 'idle' });
  });

  it('says when the server did not hear of the sign-out', async () => {
    const session = at(server({ whoAmI: async () => me(), signOut: () => Promise.reject(new BedsideError('offline')) }));
    await session.start(null);
    await session.out('signed_out');
    expect(session.state.value).toMatchObject({ stage: { at: 'password' }, refusal: { code: 'offline' } });
  });

  it('goes on through a lost network, and ends with the sign-in', async () => {
    const whoAmI = vi.fn<SessionApi['whoAmI']>().mockResolvedValueOnce(me());
    const session = at(server({ whoAmI }));
    await session.start(null);
    whoAmI.mockRejectedValueOnce(new BedsideError('offline'));
    await session.touch();
    expect(session.state.value.stage.at).toBe('in');
    whoAmI.mockRejectedValueOnce(new BedsideError('not_signed_in'));
    await session.touch();
    expect(session.state.value.stage).toEqual({ at: 'password', notice: 'session_over' });
  });
});
