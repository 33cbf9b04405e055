/** The side of those who run a clinic: accounts, reviews, what is kept. Loaded when they go there. */

export * from './office-api';
