/** The device check and the local devices that the call will use. */

export type * from './types';
export type { CheckCode, CheckItem, CheckOutcome, CheckReport } from './protocol';
export { BedsideError, isBedsideError } from './errors';
export { createCheck } from './check';
export { createDevices } from './devices';
