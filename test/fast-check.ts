/**
 * The fast-check of all tests. Where CI is set its inputs are the same each time: whether a change may land is not for chance
 * to say. Runs by hand take other ones, and a failure names the seed by which it can be had again.
 */
import { configureGlobal } from 'fast-check';

if (process.env.CI) configureGlobal({ seed: 20_261_122 });

export * from 'fast-check';
export { default } from 'fast-check';
