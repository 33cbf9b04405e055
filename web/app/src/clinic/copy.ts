/** Things that leave the page: the clipboard, a file, a picture from the server. */
import { announce, toast } from '../ui';
import { clinicWords } from './i18n';

/** Copies text and says whether it worked. Call it from a press. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    announce(clinicWords.t.common.copied);
    return true;
  } catch {
    // No permission, or not a secure context: the text stands on the page to be selected.
    toast(clinicWords.t.common.copyFailed, 'warn');
    return false;
  }
}

/** An SVG document from the server as the source of an `<img>`, where it can run nothing. */
export function svgSource(svg: string): string {
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

/** A calendar file as the target of a download link. */
export function icsTarget(ics: string): string {
  return `data:text/calendar;charset=utf-8,${encodeURIComponent(ics)}`;
}
