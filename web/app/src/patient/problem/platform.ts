/** Which system and browser this is, as far as the words for fixing permissions depend on it. Pure. */

/** Whose settings hold a "no" of the system. */
export type System = 'ios' | 'android' | 'mac' | 'windows' | 'other';

/** Where the browser keeps a "no" for one page. */
export type SiteSettings = 'ios_safari' | 'ios_other' | 'android' | 'chromium' | 'firefox' | 'mac_safari';

export interface Platform {
  readonly system: System;
  readonly site: SiteSettings;
}

/**
 * Reads it off the user agent. `touchPoints` tells an iPad, which calls itself a Mac, from a Mac.
 * A wrong guess costs a less fitting sentence and nothing else.
 */
export function readPlatform(userAgent: string, touchPoints: number): Platform {
  const has = (word: string) => userAgent.includes(word);
  if (has('iPhone') || has('iPad') || has('iPod') || (has('Macintosh') && touchPoints > 1)) {
    const other = has('CriOS') || has('FxiOS') || has('EdgiOS');
    return { system: 'ios', site: other ? 'ios_other' : 'ios_safari' };
  }
  if (has('Android')) return { system: 'android', site: 'android' };
  const system = has('Macintosh') ? 'mac' : has('Windows') ? 'windows' : 'other';
  if (has('Firefox/')) return { system, site: 'firefox' };
  const safari = has('Safari/') && !has('Chrome/') && !has('Chromium/');
  return { system, site: safari && system === 'mac' ? 'mac_safari' : 'chromium' };
}
