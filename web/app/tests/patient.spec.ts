/**
 * The patients' page as it is built, in a real browser with fake devices, up to the point where the
 * server is needed. The few calls before that are answered here.
 */
import { resolve } from 'node:path';
import { expect, test as base, type Page } from '@playwright/test';
import { serve } from './static-server';

const ROOT = resolve(import.meta.dirname, '../dist');
const SECRET = 'c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA';

const test = base.extend<{ calls: string[] }, { url: string }>({
  url: [
    // oxlint-disable-next-line no-empty-pattern -- Playwright reads the needs off the pattern.
    async ({}, use) => {
      const server = await serve(ROOT, { '/v': '/patient.html' });
      await use(server.url);
      await server.close();
    },
    { scope: 'worker' },
  ],
  calls: async ({ page }, use) => {
    const calls: string[] = [];
    await answer(page, calls, {});
    await use(calls);
  },
});

interface Answers {
  readonly secondCheck?: boolean;
}

/** Answers the calls of a guest; everything that a socket would say is missing. */
async function answer(page: Page, calls: string[], { secondCheck = false }: Answers): Promise<void> {
  await page.route('**/api/**', (route) => {
    const path = new URL(route.request().url()).pathname.slice('/api/'.length);
    calls.push(path);
    switch (path) {
      case 'link/look':
        return route.fulfill({
          json: {
            clinic: 'Harbour Street Clinic',
            host_name: 'Dr. Imani Okoye',
            scheduled_at: Date.now() * 1000,
            second_check: secondCheck,
            elsewhere: false,
            role: 'patient',
          },
        });
      case 'link/open': {
        const { birth_date: birthDate } = route.request().postDataJSON() as { birth_date?: string };
        if (secondCheck && birthDate !== '1950-03-09') {
          return route.fulfill({
            status: 403,
            json: { code: 'second_check_failed', message: 'That does not match.', tries_left: 4 },
          });
        }
        return route.fulfill({ json: { seat: 'seat', visit: 'visit' } });
      }
      case 'seat/mine':
        return route.fulfill({ json: { seats: [] } });
      case 'net/echo':
        return route.fulfill({ status: 204 });
      case 'net/blob':
        return route.fulfill({ body: Buffer.alloc(200_000), contentType: 'application/octet-stream' });
      default:
        return route.fulfill({ status: 503, json: { code: 'server_closing', message: 'Closed for a moment.' } });
    }
  });
}

const heading = (page: Page) => page.getByRole('heading', { level: 1 });
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

test('from the link through the whole check, and nobody learns the secret', async ({ page, url, calls }) => {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // The missing server is no fault of the page.
    if (message.type() === 'error' && !/status of 503/.test(message.text())) complaints.push(message.text());
  });
  await page.goto(`${url}v#${SECRET}`);
  await expect(heading(page)).toHaveText('Your video visit');
  await expect(page.getByText('Dr. Imani Okoye')).toBeVisible();
  expect(calls, 'a mail scanner that runs scripts uses nothing up').not.toContain('link/open');

  await press(page, 'Start');
  await expect(heading(page)).toHaveText('Camera and sound');
  expect(page.url()).toBe(`${url}v`);
  await press(page, 'Use my camera and microphone');

  await expect(heading(page)).toHaveText('Do you see yourself?');
  await expect
    .poll(() => page.locator('video').evaluate((video: HTMLVideoElement) => video.videoWidth))
    .toBeGreaterThan(0);
  await press(page, 'Yes, go on');

  // The fake microphone beeps, so it is heard.
  await expect(heading(page)).toHaveText('Say a few words');
  await press(page, 'Go on');

  await expect(heading(page)).toHaveText('Do you hear the chime?');
  await press(page, 'Play the chime');
  await press(page, 'Yes, I hear it');

  await expect(heading(page)).toHaveText('Everything works');
  await press(page, 'Go on');
  // The server that would answer now is not part of this test.
  await expect(heading(page)).toHaveText('Connecting with your visit…');

  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  expect(kept).not.toContain(SECRET);
  expect(calls.filter((path) => path === 'link/open')).toHaveLength(1);
  expect(complaints).toEqual([]);
});

test('the date of birth opens the visit, and a wrong one says how many tries are left', async ({ page, url }) => {
  const calls: string[] = [];
  await answer(page, calls, { secondCheck: true });
  await page.goto(`${url}v#${SECRET}`);
  await press(page, 'Start');
  await expect(heading(page)).toHaveText('When were you born?');
  expect(calls).not.toContain('link/open');
  await page.keyboard.press('Tab');
  await page.getByLabel('Day').fill('31');
  await page.getByLabel('Month').fill('2');
  await page.getByLabel('Year').fill('1950');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Fill in day, month and year.')).toBeVisible();
  expect(calls).not.toContain('link/open');
  await page.getByLabel('Day').fill('8');
  await page.getByLabel('Month').fill('3');
  await page.keyboard.press('Enter');
  await expect(page.getByText('You can try 4 more times.')).toBeVisible();
  await page.getByLabel('Day').fill('9');
  await page.keyboard.press('Enter');
  await expect(heading(page)).toHaveText('Camera and sound');
});

test('without link and seat the page says what to do', async ({ page, url, calls }) => {
  await page.goto(`${url}v`);
  await expect(heading(page)).toHaveText('Please use the link from your clinic');
  expect(calls).toEqual(['seat/mine']);
});

test('the language changes in place and is kept', async ({ page, url, calls }) => {
  await page.goto(`${url}v#${SECRET}`);
  await press(page, 'Español');
  await expect(heading(page)).toHaveText('Su visita por video');
  await expect(page.locator('html')).toHaveAttribute('lang', 'es');
  await page.reload();
  await expect(heading(page)).toHaveText('Su visita por video');
  expect(calls).not.toContain('link/open');
});

test('a blocked camera gets its sentence, its steps, and a way on', async ({ browser, url }) => {
  // No automatic yes here: the permission stays denied.
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(() => {
    const denied = () => Promise.reject(new DOMException('Permission denied', 'NotAllowedError'));
    navigator.mediaDevices.getUserMedia = denied;
    const query = navigator.permissions.query.bind(navigator.permissions);
    navigator.permissions.query = async (what) => {
      const status = await query(what);
      Object.defineProperty(status, 'state', { value: 'denied' });
      return status;
    };
  });
  await answer(page, [], {});
  await page.goto(`${url}v#${SECRET}`);
  await press(page, 'Start');
  await press(page, 'Use my camera and microphone');
  await expect(heading(page)).toHaveText('Camera and microphone');
  await expect(page.getByText('Your browser blocks the camera or microphone for this page.')).toBeVisible();
  await press(page, 'Go on with voice only');
  await expect(heading(page)).toHaveText('Microphone');
  await context.close();
});

test('everything can be done with the keyboard alone', async ({ page, url, calls }) => {
  await page.goto(`${url}v#${SECRET}`);
  await expect(heading(page)).toBeFocused();
  const reach = async (name: string) => {
    const wanted = page.getByRole('button', { name, exact: true });
    for (let presses = 0; presses < 12; presses += 1) {
      await page.keyboard.press('Tab');
      if (await wanted.evaluate((element) => element === document.activeElement)) return;
    }
    throw new Error(`the keyboard does not reach "${name}"`);
  };
  await expect(page.getByRole('button', { name: 'Start' })).toBeEnabled();
  await reach('Start');
  await page.keyboard.press('Enter');
  await expect(heading(page)).toHaveText('Camera and sound');
  // The next page starts at its heading.
  await expect(heading(page)).toBeFocused();
  await reach('Use my camera and microphone');
  await page.keyboard.press('Space');
  await expect(heading(page)).toHaveText('Do you see yourself?');
  expect(calls).toContain('link/open');
});
