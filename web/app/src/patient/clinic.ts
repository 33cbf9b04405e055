/** What the page knows about the clinic before anybody is greeted. */

export interface Clinic {
  /** `null` while nobody has said it. */
  readonly name: string | null;
  /** A telephone number for help; `null` when the clinic gave none. */
  readonly helpPhone: string | null;
}

/**
 * The server writes the clinic's name and telephone number into two `meta` elements of the page, if
 * its operator has configured them.
 */
export function readClinic(from: ParentNode): Clinic {
  const read = (name: string): string | null => {
    const content = from.querySelector(`meta[name="${name}"]`)?.getAttribute('content')?.trim() ?? '';
    return content === '' ? null : content;
  };
  return { name: read('bedside-clinic'), helpPhone: read('bedside-help-phone') };
}
