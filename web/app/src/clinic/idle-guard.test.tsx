import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { IdleGuard } from './idle-guard';
import { IDLE_LIMIT_MS, IDLE_WARNING_MS } from './model/idle';
import { acting, draw, type Drawn } from './testing';

let page: Drawn;
const onTouch = vi.fn();
const onOver = vi.fn();

async function guard(inCall: boolean): Promise<void> {
  page = await draw(<IdleGuard inCall={inCall} onTouch={onTouch} onOver={onOver} />);
}
const pass = (span_ms: number) => acting(() => void vi.advanceTimersByTime(span_ms));
const key = () => acting(() => void window.dispatchEvent(new KeyboardEvent('keydown', { key: 'a' })));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
  onTouch.mockReset();
  onOver.mockReset();
});
afterEach(async () => {
  await page.remove();
  vi.useRealTimers();
});

describe('a page that nobody uses', () => {
  it('warns, then signs out', async () => {
    await guard(false);
    await pass(IDLE_LIMIT_MS - IDLE_WARNING_MS - 1000);
    expect(page.text()).not.toContain('Are you still there?');
    await pass(1000);
    expect(page.text()).toContain('Are you still there?');
    expect(onOver).not.toHaveBeenCalled();
    await pass(IDLE_WARNING_MS);
    expect(onOver).toHaveBeenCalled();
  });

  it('goes on after the button, and tells the server', async () => {
    await guard(false);
    await pass(IDLE_LIMIT_MS - 1000);
    await page.press('Stay signed in');
    expect(onTouch).toHaveBeenCalledOnce();
    await pass(IDLE_WARNING_MS);
    expect(onOver).not.toHaveBeenCalled();
  });

  it('counts from the last key, and tells the server at most once a minute', async () => {
    await guard(false);
    await pass(IDLE_LIMIT_MS / 2);
    await key();
    await key();
    expect(onTouch).toHaveBeenCalledOnce();
    await pass(IDLE_LIMIT_MS - IDLE_WARNING_MS - 1000);
    expect(page.text()).not.toContain('Are you still there?');
  });

  it('stays signed in through a call that nobody touches', async () => {
    await guard(true);
    await pass(2 * IDLE_LIMIT_MS);
    expect(onOver).not.toHaveBeenCalled();
    expect(onTouch.mock.calls.length).toBeGreaterThanOrEqual(29);
  });
});
