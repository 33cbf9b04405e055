/** How many columns make the pictures largest. Pure. */

/** A picture's usual proportions, width to height. */
const ASPECT = 4 / 3;

/**
 * The number of columns with which `count` pictures in a box are largest. Sizes are in CSS pixels; a
 * box that has no size yet gets one column.
 */
export function bestColumns(count: number, width_px: number, height_px: number, gap_px = 8): number {
  if (count <= 1 || width_px <= 0 || height_px <= 0) return 1;
  let best = 1;
  let bestArea = 0;
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const cellWidth = (width_px - gap_px * (columns - 1)) / columns;
    const cellHeight = (height_px - gap_px * (rows - 1)) / rows;
    // A cell shows a picture cropped to it, but counts only as far as the picture's shape fills it.
    const area = Math.min(cellWidth, cellHeight * ASPECT) * Math.min(cellHeight, cellWidth / ASPECT);
    if (area > bestArea) {
      best = columns;
      bestArea = area;
    }
  }
  return best;
}
