/** One chart over the time of a visit. Drawn for the eye; the table beside it says the same. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatClock } from '../../i18n';
import type { Line } from '../model/call-quality';

export interface ChartProps {
  readonly title: string;
  readonly line: Line;
  /** What each line of it is. */
  readonly names: readonly string[];
  /** Lowest and highest value that is always shown. */
  readonly range: readonly [number, number];
}

const HEIGHT_PX = 150;
/** Steps of the time, seconds: those in which people count. */
const TIMES_S = [10, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200];
/** Colours of the lines, in order; the second is dashed too, so that colour is not needed. */
const COLOURS = ['--accent', '--danger'] as const;

export function Chart({ title, line, names, range }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const style = getComputedStyle(element);
    // Asked for at each drawing: the window may go dark while the chart is there.
    const colour = (name: string) => () => style.getPropertyValue(name).trim() || style.color;
    const rule = { stroke: colour('--line'), width: 1 };
    const axis: uPlot.Axis = { stroke: colour('--text-soft'), font: `${style.fontSize} ${style.fontFamily}`, grid: rule, ticks: rule };
    const plot = new uPlot(
      {
        width: element.clientWidth || 320,
        height: HEIGHT_PX,
        cursor: { show: false },
        legend: { show: false },
        scales: { x: { time: false }, y: { range: (_, low, high) => [Math.min(range[0], low), Math.max(range[1], high)] } },
        axes: [
          { ...axis, space: 64, incrs: TIMES_S, values: (_, ticks) => ticks.map((s) => formatClock(s * 1000)) },
          { ...axis, size: 48 },
        ],
        series: [
          {},
          ...names.map((label, i) => ({
            label,
            stroke: colour(COLOURS[i % COLOURS.length] ?? ''),
            width: 2,
            ...(i > 0 ? { dash: [6, 4] } : {}),
            points: { show: false },
          })),
        ],
      },
      [line.atS, ...line.values] as uPlot.AlignedData,
      element,
    );
    const watch = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
    watch.observe(element);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const redraw = () => plot.redraw(false);
    dark.addEventListener('change', redraw);
    const chosen = new MutationObserver(redraw);
    chosen.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => {
      chosen.disconnect();
      dark.removeEventListener('change', redraw);
      watch.disconnect();
      plot.destroy();
    };
  }, [line, names, range]);
  return (
    <figure class="clinic-chart">
      <figcaption>{title}</figcaption>
      {/* Time runs to the right in every language. */}
      <div ref={box} dir="ltr" class="clinic-chart__plot" aria-hidden="true" />
    </figure>
  );
}
