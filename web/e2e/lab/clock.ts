/**
 * A clock in a picture, as light and dark fields, and the age of pictures by it. Sender and viewer are
 * on one machine, so they have one clock.
 */
import type { Page } from '@playwright/test';

/** How wide the clock is, in pixels. */
export const WIDTH = 480;

/** Gives the page `drawnClock()`: a moving picture of the time, 480×320, 30 frames per second. */
export async function drawsClock(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const [columns, rows, field] = [6, 4, 80];
    (window as unknown as { drawnClock(): MediaStreamTrack }).drawnClock = () => {
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [columns * field, rows * field];
      const paint = canvas.getContext('2d')!;
      const draw = () => {
        const time = Date.now() % 2 ** 23;
        const ones = time.toString(2).replaceAll('0', '').length;
        // 23 bits of time and one that makes the number of light fields even.
        const code = time * 2 + (ones % 2);
        for (let n = 0; n < columns * rows; n += 1) {
          paint.fillStyle = Math.floor(code / 2 ** n) % 2 ? '#fff' : '#000';
          paint.fillRect((n % columns) * field, Math.floor(n / columns) * field, field, field);
        }
        requestAnimationFrame(draw);
      };
      draw();
      return canvas.captureStream(30).getVideoTracks()[0]!;
    };
  });
}

/** Replaces the page's camera by a drawn clock. The microphone stays. */
export async function filmClock(page: Page): Promise<void> {
  await drawsClock(page);
  await page.addInitScript(() => {
    const devices = navigator.mediaDevices;
    const open = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wish) => {
      const stream = await open(wish);
      const [camera] = stream.getVideoTracks();
      if (camera === undefined) return stream;
      const clock = (window as unknown as { drawnClock(): MediaStreamTrack }).drawnClock();
      // What the page asks of its camera is still asked of the real one, but for the size.
      const { width, height } = clock.getSettings();
      Object.assign(clock, { getSettings: () => ({ ...camera.getSettings(), width, height }) });
      return new MediaStream([...stream.getAudioTracks(), clock]);
    };
  });
}

/** The age of frames as they are shown, in milliseconds; those that cannot be read are left out. And how wide they came. */
export async function ages(page: Page, frames: number): Promise<{ ages: number[]; unreadable: number; width: number }> {
  return page.evaluate(async (wanted) => {
    const [columns, rows, field] = [6, 4, 10];
    const remote = new Set(
      (window as unknown as { peers: RTCPeerConnection[] }).peers.flatMap((p) => p.getReceivers().map((r) => r.track.id)),
    );
    const shows = (video: HTMLVideoElement) => (video.srcObject as MediaStream | null)?.getTracks().some((t) => remote.has(t.id));
    const video = [...document.querySelectorAll('video')].find((one) => one.videoWidth > 0 && shows(one));
    if (video === undefined) throw new Error('nobody else is shown');
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [columns * field, rows * field];
    const paint = canvas.getContext('2d', { willReadFrequently: true })!;
    const result = { ages: [] as number[], unreadable: 0, width: 0 };
    while (result.ages.length < wanted && result.unreadable < wanted) {
      await new Promise((shown) => video.requestVideoFrameCallback(shown));
      const shownAt = Date.now();
      paint.drawImage(video, 0, 0, canvas.width, canvas.height);
      const { data } = paint.getImageData(0, 0, canvas.width, canvas.height);
      let [code, ones] = [0, 0];
      for (let n = 0; n < columns * rows; n += 1) {
        const x = (n % columns) * field + field / 2;
        const y = Math.floor(n / columns) * field + field / 2;
        const light = (data[(y * canvas.width + x) * 4] ?? 0) > 127;
        if (light) [code, ones] = [code + 2 ** n, ones + 1];
      }
      const age = (shownAt - Math.floor(code / 2) + 2 ** 23) % 2 ** 23;
      if (ones % 2 === 0 && age < 10_000) result.ages.push(age);
      else result.unreadable += 1;
    }
    result.width = video.videoWidth;
    return result;
  }, frames);
}

/** The value that this share of the measured ones does not pass. */
export function quantile(figures: readonly number[], share: number): number {
  const sorted = figures.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
}
