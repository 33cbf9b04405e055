/** Limits of the wire that the generated file does not carry. Source: the protocol's limits. */

/** Most pictures in one `view`. */
export const MAX_TILES = 24;
