/** Adding to the own second step: an open browser alone is not enough. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BedsideError } from '@bedside/client/clinic';
import type { Passkeys } from '@bedside/client';
import type { FactorActions } from '../factors';
import { draw, type Drawn } from '../testing';
import { Factors } from './Factors';

let page: Drawn;
afterEach(() => page.remove());

const HAS_APP: Passkeys = { passkeys: [], app: true, possible: true, most: 10 };
const refuse = () => Promise.reject(new BedsideError('factor_needed'));

function actions(over: Partial<FactorActions>): FactorActions {
  const unused = () => Promise.reject(new Error('not in this test'));
  return {
    passkeys: () => Promise.resolve(HAS_APP),
    addPasskey: unused,
    removePasskey: unused,
    startApp: unused,
    finishApp: unused,
    showCode: unused,
    showPasskey: unused,
    ...over,
  };
}

describe('the own second step', () => {
  it('is shown again before a passkey is added, and then the passkey is added by itself', async () => {
    const addPasskey = vi.fn<FactorActions['addPasskey']>().mockImplementationOnce(refuse).mockResolvedValue([]);
    const showCode = vi.fn<FactorActions['showCode']>().mockRejectedValueOnce(new BedsideError('bad_credentials')).mockResolvedValue();
    page = await draw(<Factors actions={actions({ addPasskey, showCode })} />);
    await page.type('Name of the new passkey', 'Blue key');
    await page.press('Add a passkey');
    expect(page.text()).toContain('Show your second step again');
    await page.press('Continue');
    expect(page.text()).toContain('Type the code.');
    await page.type('Six-digit code or recovery code', '123 456');
    await page.press('Continue');
    expect(page.text()).toContain('That does not match.');
    await page.press('Continue');
    expect(showCode).toHaveBeenLastCalledWith('123456');
    expect(addPasskey).toHaveBeenCalledTimes(2);
    expect(addPasskey).toHaveBeenLastCalledWith('Blue key');
    expect(page.text()).not.toContain('Show your second step again');
  });

  it('gets an app beside a passkey, with the recovery codes if there were none', async () => {
    const passkey = { passkey: 'k', name: 'Blue key', created_at: 1_790_000_000_000_000 };
    const all: Passkeys = { ...HAS_APP, passkeys: [passkey], app: false };
    const startApp = vi.fn<FactorActions['startApp']>().mockImplementationOnce(refuse).mockResolvedValue({ qr_svg: '<svg/>', secret: 'ABCDEFGH' });
    const showPasskey = vi.fn<FactorActions['showPasskey']>().mockResolvedValue();
    const finishApp = vi.fn<FactorActions['finishApp']>().mockResolvedValue(['one', 'two']);
    page = await draw(<Factors actions={actions({ passkeys: () => Promise.resolve(all), startApp, showPasskey, finishApp })} />);
    await page.press('Set up the authenticator app');
    await page.press('Use your passkey');
    expect(showPasskey).toHaveBeenCalledOnce();
    expect(page.text()).toContain('ABCD EFGH');
    await page.type('Six-digit code', '654 321');
    await page.press('Check the code');
    expect(finishApp).toHaveBeenCalledWith('654321');
    expect(page.text()).toContain('Keep your recovery codes');
  });

  it('is shown again before a passkey is removed, and then it is removed by itself', async () => {
    const passkey = { passkey: 'k', name: 'Old key', created_at: 1_790_000_000_000_000 };
    const removePasskey = vi.fn<FactorActions['removePasskey']>().mockImplementationOnce(refuse).mockResolvedValue();
    const showCode = vi.fn<FactorActions['showCode']>().mockResolvedValue();
    const all = { ...HAS_APP, passkeys: [passkey] };
    const passkeys = vi.fn(() => Promise.resolve(all)).mockResolvedValueOnce(all).mockResolvedValue(HAS_APP);
    page = await draw(<Factors actions={actions({ passkeys, removePasskey, showCode })} />);
    await page.press('Remove Old key');
    await page.press('Remove');
    await page.type('Six-digit code or recovery code', '123456');
    await page.press('Continue');
    expect(removePasskey).toHaveBeenCalledTimes(2);
    expect(removePasskey).toHaveBeenLastCalledWith('k');
    expect(page.text()).not.toContain('Old key');
  });

  it('sends whoever has none to sign in again', async () => {
    const none: Passkeys = { ...HAS_APP, app: false };
    page = await draw(<Factors actions={actions({ passkeys: () => Promise.resolve(none), startApp: refuse })} />);
    await page.press('Set up the authenticator app');
    expect(page.text()).toContain('Sign out and in again');
  });
});
