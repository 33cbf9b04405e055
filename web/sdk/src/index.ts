/** The visit: everything between the first word to the server and the goodbye. */

export type * from './types';
export type * from './protocol';
export { BedsideError, isBedsideError } from './errors';
export { timestampToDate, timestampToMs } from './time';
export { createDevices } from './devices';
export { createVisit } from './create';
