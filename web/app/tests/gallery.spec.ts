/**
 * Every screen of the gallery: no axe violation in light and dark on phone and desk, nothing wider
 * than a 320 px window in any language or direction, nothing too small to press, one's own picture
 * over no control. Pictures of all screens land in `test-results/screens`. `SCREENS=<pattern>` runs
 * a part.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { expect, test as base, type Page } from '@playwright/test';
import { serve } from './static-server';

const ROOT = resolve(import.meta.dirname, '../test-results/gallery');
const PICTURES = resolve(import.meta.dirname, '../test-results/screens');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Smallest side of anything to press, in CSS pixels. */
const TARGET_PX = 48;

const test = base.extend<{ gallery: Gallery }, { url: string }>({
  url: [
    // oxlint-disable-next-line no-empty-pattern -- Playwright reads the needs off the pattern.
    async ({}, use) => {
      const server = await serve(ROOT, { '/': '/gallery/index.html' });
      await use(server.url);
      await server.close();
    },
    { scope: 'worker' },
  ],
  gallery: async ({ page, url }, use) => {
    const gallery = new Gallery(page, url);
    await use(gallery);
    expect(gallery.complaints, 'errors in the console, such as a breach of the policy').toEqual([]);
  },
});

class Gallery {
  readonly complaints: string[] = [];
  #screen = '';

  constructor(
    readonly page: Page,
    readonly url: string,
  ) {
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(`${this.#screen}: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.complaints.push(`${this.#screen}: ${error.message}`));
  }

  async names(): Promise<string[]> {
    await this.page.goto(this.url);
    await this.page.locator('html[data-ready]').waitFor();
    const names = await this.page.locator('[data-screen]').evaluateAll((links) =>
      links.map((link) => link.getAttribute('data-screen') ?? ''),
    );
    expect(names.length, 'screens in the gallery').toBeGreaterThan(50);
    const only = process.env.SCREENS;
    return only === undefined ? names : names.filter((name) => new RegExp(only).test(name));
  }

  async show(name: string): Promise<void> {
    this.#screen = name;
    await this.page.goto(`${this.url}?screen=${name}&theme=light`);
    await this.page.locator('html[data-ready]').waitFor();
    // Some pages are fetched when they are needed.
    await this.page.waitForFunction(() => !document.querySelector('.p-main > .ui-spinner'));
    // Pictures of people come from a canvas; a screen is ready when each has its first frame.
    await this.page.waitForFunction(() =>
      [...document.querySelectorAll('video')].every(
        (video) => video.hidden || video.readyState >= video.HAVE_CURRENT_DATA,
      ),
    );
  }

  /** Looks at the same screen in another way, without loading it again. */
  async look(theme: 'light' | 'dark', width: number, height: number): Promise<void> {
    await this.page.setViewportSize({ width, height });
    await this.page.evaluate(
      (chosen) =>
        new Promise<void>((resolve) => {
          document.documentElement.dataset.theme = chosen;
          // The second frame comes after observers of sizes have had their turn.
          requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
        }),
      theme,
    );
  }

  async picture(variant: string, name: string): Promise<void> {
    await this.page.screenshot({ path: `${PICTURES}/${variant}/${name.replace('/', '-')}.png`, fullPage: true });
  }
}

interface AxeViolation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** Rules that depend on the theme. Patients get 7:1, the enhanced contrast. */
const CONTRAST = ['color-contrast'];
const CONTRAST_PATIENT = ['color-contrast', 'color-contrast-enhanced'];

async function violations(page: Page, patient: boolean, only: 'all' | 'contrast'): Promise<string[]> {
  // By the protocol, not by a tag: the policy of the page forbids strange scripts.
  await page.evaluate(AXE);
  const contrast = patient ? CONTRAST_PATIENT : CONTRAST;
  const options =
    only === 'contrast'
      ? { runOnly: { type: 'rule', values: contrast } }
      : { rules: { 'target-size': { enabled: true }, 'color-contrast-enhanced': { enabled: patient } } };
  const found = await page.evaluate(async (how) => {
    const { axe } = globalThis as unknown as {
      axe: { run(context: Document, options: unknown): Promise<{ violations: AxeViolation[] }> };
    };
    return (await axe.run(document, how)).violations;
  }, options);
  return found.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`));
}

/** What is wrong with the places and sizes of things. Runs in the page. */
function misplaced({ target, patient }: { target: number; patient: boolean }): string[] {
  const faults: string[] = [];
  const name = (element: Element) => `${element.tagName.toLowerCase()}.${element.className} "${(element.textContent ?? '').slice(0, 30)}"`;
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) {
    faults.push(`page is ${scrollWidth} px wide in a window of ${clientWidth} px`);
  }
  const { scrollHeight, clientHeight } = document.documentElement;
  if (document.querySelector('.c-call') && scrollHeight > clientHeight) {
    faults.push(`the call scrolls: ${scrollHeight} px in a window of ${clientHeight} px`);
  }
  const dialog = document.querySelector('dialog[open]');
  const visible = (element: Element) => element.checkVisibility({ visibilityProperty: true });
  const controls = [
    ...(dialog ?? document).querySelectorAll('button, a[href], select, textarea, summary, .ui-choice__option, input:not([type=radio]):not([type=checkbox])'),
  ].filter(visible);
  for (const control of controls) {
    const box = control.getBoundingClientRect();
    if (patient && (box.height < target - 0.5 || box.width < target - 0.5)) {
      faults.push(`${Math.round(box.width)}×${Math.round(box.height)} px is too small: ${name(control)}`);
    }
    if (box.left < -0.5 || box.right > clientWidth + 0.5) {
      const scroller = control.closest('.c-stage__strip');
      if (!scroller) faults.push(`out of the window: ${name(control)}`);
    }
  }
  // Text that is cut off without a sign of it.
  for (const element of document.querySelectorAll('button, h1, h2, h3, p, label, dt, dd, li')) {
    const style = getComputedStyle(element);
    if (visible(element) && style.overflowX === 'visible' && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 && style.display !== 'inline') {
      faults.push(`text runs out of its box: ${name(element)}`);
    }
  }
  for (const self of document.querySelectorAll('.c-tile--floating')) {
    const a = self.getBoundingClientRect();
    for (const control of document.querySelectorAll('button, a[href]')) {
      const whole = control.getBoundingClientRect();
      const window = control.closest('.c-panel__body, .c-messages, .c-stage__strip')?.getBoundingClientRect();
      // What has been scrolled out of its list is not on the screen.
      const b = {
        left: whole.left,
        right: whole.right,
        top: Math.max(whole.top, window?.top ?? whole.top),
        bottom: Math.min(whole.bottom, window?.bottom ?? whole.bottom),
      };
      const apart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
      // What lies above the picture, such as the overlay's button, is not covered by it.
      if (!apart && visible(control) && !control.closest('.c-overlay, dialog')) {
        faults.push(`one's own picture covers ${name(control)}`);
      }
    }
  }
  return faults;
}

const isPatient = (name: string) => name.startsWith('patient/') || name.startsWith('netcheck/');

/** Parts of about equal size, so that both workers have something to do. */
const PARTS = 4;

for (let part = 0; part < PARTS; part += 1) {
  test(`nothing is wrong on phone and desk, light and dark, part ${part + 1} of ${PARTS}`, async ({ page, gallery }) => {
    test.setTimeout(600_000);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const names = (await gallery.names()).filter((_, index) => index % PARTS === part);
    for (const name of names) {
      const patient = isPatient(name);
      await page.setViewportSize({ width: 320, height: 640 });
      await gallery.show(name);
      for (const [width, height] of [
        [320, 640],
        [1280, 800],
      ] as const) {
        await gallery.look('light', width, height);
        await gallery.picture(`light-${width}`, name);
        expect.soft(await violations(page, patient, 'all'), `${name}, light, ${width} px`).toEqual([]);
        await gallery.look('dark', width, height);
        await gallery.picture(`dark-${width}`, name);
        expect.soft(await violations(page, patient, 'contrast'), `${name}, dark, ${width} px`).toEqual([]);
        const faults = await page.evaluate(misplaced, { target: TARGET_PX, patient });
        expect.soft(faults, `${name}, ${width} px`).toEqual([]);
      }
      await gallery.look('light', 390, 844);
      await gallery.picture('light-390', name);
      const faults = await page.evaluate(misplaced, { target: TARGET_PX, patient });
      expect.soft(faults, `${name}, 390 px`).toEqual([]);
    }
  });
}

// English is looked at above.
for (const locale of ['es', 'en-XA', 'ar-XB']) {
  test(`everything fits: ${locale}, 320 px`, async ({ page, gallery }) => {
    test.setTimeout(600_000);
    await page.addInitScript((chosen) => localStorage.setItem('bedside.locale', chosen), locale);
    await page.setViewportSize({ width: 320, height: 640 });
    await page.emulateMedia({ reducedMotion: 'reduce' });
    for (const name of await gallery.names()) {
      await gallery.show(name);
      await gallery.picture(`${locale}-320`, name);
      const faults = await page.evaluate(misplaced, { target: TARGET_PX, patient: isPatient(name) });
      expect.soft(faults, name).toEqual([]);
    }
  });
}
