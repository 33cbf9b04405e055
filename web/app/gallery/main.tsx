/**
 * Shows one screen by its address, `?screen=<area>/<name>`, or the list of all. `?theme=dark` and the
 * locale kept in `bedside.locale` choose how it looks.
 */
import { render } from 'preact';
import { applyToDocument, locale } from '../src/i18n';
import { LiveRegions, setTheme } from '../src/ui';
import type { GalleryArea } from './area';

const files = import.meta.glob<{ gallery: GalleryArea }>('../src/*/gallery.tsx');

function areaName(path: string): string {
  return path.split('/').at(-2) ?? path;
}

async function main(): Promise<void> {
  const root = document.getElementById('app');
  if (!root) throw new Error('the page has no #app');
  const query = new URLSearchParams(location.search);
  const theme = query.get('theme');
  setTheme(theme === 'dark' || theme === 'light' ? theme : 'system');
  applyToDocument(locale.value);

  const areas = new Map<string, GalleryArea>();
  for (const [path, load] of Object.entries(files)) areas.set(areaName(path), (await load()).gallery);

  const [areaWanted = '', nameWanted = ''] = (query.get('screen') ?? '').split('/');
  const area = areas.get(areaWanted);
  const screen = area?.screens[nameWanted];
  if (area && screen) {
    document.documentElement.dataset.area = area.look;
    document.title = `${areaWanted}/${nameWanted}`;
    await area.load();
    const Screen = screen;
    render(
      <>
        <LiveRegions />
        <Screen />
      </>,
      root,
    );
  } else {
    render(
      <main>
        <h1>Gallery</h1>
        <ul>
          {[...areas].flatMap(([name, { screens }]) =>
            Object.keys(screens).map((key) => (
              <li key={`${name}/${key}`}>
                <a href={`?screen=${name}/${key}`} data-screen={`${name}/${key}`}>
                  {name}/{key}
                </a>
              </li>
            )),
          )}
        </ul>
      </main>,
      root,
    );
  }
  document.documentElement.dataset.ready = 'yes';
}

void main();
