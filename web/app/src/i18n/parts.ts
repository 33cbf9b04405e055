/** The catalogues of the patient's pages and of the call, each loaded when its part of the page is. */
import { catalogue } from './catalogue';

export const helloText = catalogue({ en: () => import('./en/hello'), es: () => import('./es/hello') });
export const checkText = catalogue({ en: () => import('./en/check'), es: () => import('./es/check') });
export const deviceText = catalogue({ en: () => import('./en/problems'), es: () => import('./es/problems') });
export const consentText = catalogue({ en: () => import('./en/consent'), es: () => import('./es/consent') });
export const waitText = catalogue({ en: () => import('./en/wait'), es: () => import('./es/wait') });
export const callText = catalogue({ en: () => import('./en/call'), es: () => import('./es/call') });
export const waysText = catalogue({ en: () => import('./en/ways'), es: () => import('./es/ways') });
