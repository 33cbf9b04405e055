import { afterEach, describe, expect, it, vi } from 'vitest';
import { callQuality } from '../../../gallery/quality';
import { acting, draw, type Drawn } from '../testing';
import type { ChartProps } from './Chart';
import { People } from './People';

// There is no canvas here: the title stands for the chart.
vi.mock('./Chart', () => ({ Chart: ({ title }: ChartProps) => <p data-chart>{title}</p> }));

let page: Drawn;
afterEach(() => page.remove());

const charts = () => [...page.root.querySelectorAll('section:first-of-type [data-chart]')].map((chart) => chart.textContent);

describe('how a call was for each person', () => {
  it('draws what few ask for when it is opened, and takes it away again', async () => {
    page = await draw(<People quality={callQuality()} />);
    expect(charts()).toHaveLength(3);
    const more = page.root.querySelector('details');
    if (more === null) throw new Error('nothing folds');
    expect(more.querySelector('summary')?.textContent).toBe('More about sound and picture');
    const fold = (open: boolean) =>
      acting(() => {
        more.open = open;
        more.dispatchEvent(new Event('toggle'));
      });
    await fold(true);
    expect(charts()).toHaveLength(6);
    for (const part of ['Unevenness of their sound', 'picture stood still', 'Height of their picture']) {
      expect(charts().some((title) => title?.includes(part))).toBe(true);
    }
    await fold(false);
    expect(charts()).toHaveLength(3);
  });

  it('has a column in the table for each figure of the charts', async () => {
    page = await draw(<People quality={callQuality()} unfolded />);
    const table = page.root.querySelector('table');
    const heads = [...(table?.querySelectorAll('thead th') ?? [])].map((th) => th.textContent);
    expect(heads).toHaveLength(8);
    for (const tr of table?.querySelectorAll('tbody tr') ?? []) expect(tr.children).toHaveLength(heads.length);
    const first = [...(table?.querySelectorAll('tbody tr:first-child td') ?? [])].map((td) => td.textContent);
    expect(Object.fromEntries(heads.slice(5).map((head, i) => [head, first[i + 4]]))).toEqual({
      'Unevenness of sound (ms)': '6',
      'Picture stood still (%)': '0',
      'Height of picture (lines)': '360',
    });
  });
});
