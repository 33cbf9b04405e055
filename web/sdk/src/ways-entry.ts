/** Trying the ways of audio and video. Loaded when it is needed. */

export type { Way, WayBlocker, WayName, WayRule, WaysCheck, WaysProgress } from './ways-types';
export { createWays, verdictOf } from './ways';
