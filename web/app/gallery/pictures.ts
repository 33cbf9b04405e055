/** Drawn people for the gallery: a canvas as a camera, so that tiles show what tiles show. */

const WIDTH_PX = 640;
const HEIGHT_PX = 480;
const made = new Map<string, MediaStream>();

/** A still picture of a person as a stream; the same one for the same name. */
export function personPicture(of: string): MediaStream | null {
  const before = made.get(of);
  if (before) return before;
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH_PX;
  canvas.height = HEIGHT_PX;
  const pen = canvas.getContext('2d');
  if (!pen) return null;
  const seed = [...of].reduce((sum, char) => sum + (char.codePointAt(0) ?? 0) * 37, 0);
  draw(pen, seed);
  const stream = canvas.captureStream(2);
  // A canvas that is not drawn to again gives no second frame: late viewers would see nothing.
  setInterval(() => draw(pen, seed), 500);
  made.set(of, stream);
  return stream;
}

function draw(pen: CanvasRenderingContext2D, seed: number): void {
  const room = pen.createLinearGradient(0, 0, WIDTH_PX, HEIGHT_PX);
  room.addColorStop(0, `hsl(${seed % 360} 22% 62%)`);
  room.addColorStop(1, `hsl(${(seed + 40) % 360} 26% 34%)`);
  pen.fillStyle = room;
  pen.fillRect(0, 0, WIDTH_PX, HEIGHT_PX);
  pen.fillStyle = `hsl(${(seed + 190) % 360} 30% 38%)`;
  pen.beginPath();
  pen.ellipse(WIDTH_PX / 2, HEIGHT_PX + 40, 210, 190, 0, 0, 2 * Math.PI);
  pen.fill();
  pen.fillStyle = `hsl(26 38% ${38 + (seed % 5) * 8}%)`;
  pen.beginPath();
  pen.ellipse(WIDTH_PX / 2, HEIGHT_PX * 0.46, 88, 112, 0, 0, 2 * Math.PI);
  pen.fill();
  pen.fillStyle = `hsl(${seed % 40} 30% 18%)`;
  pen.beginPath();
  pen.ellipse(WIDTH_PX / 2, HEIGHT_PX * 0.34, 96, 78, 0, Math.PI, 2 * Math.PI);
  pen.fill();
}
